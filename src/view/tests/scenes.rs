//! Moments of a lesson.

use std::time::Duration;

use super::lab::Lab;
use crate::domain::{ClientPlan, Errno, Lang, Note, Process, ServerChange};
use crate::model::Key;

/// The lab has just started.
pub(crate) fn started(lang: Lang) -> Lab {
    let mut lab = Lab::new(lang);
    lab.wait(Duration::from_secs(2));
    lab
}

/// One client has come and gone, three are connected; one of UDP; a message was broadcast.
pub(crate) fn lesson(lang: Lang) -> Lab {
    let mut lab = started(lang);
    lab.connect(1, 0, 51_240, ClientPlan::OneShot);
    lab.close(1);
    lab.wait(Duration::from_secs(17));
    for (id, port) in [(2, 44_078), (3, 44_082), (4, 44_086)] {
        lab.connect(id, 0, port, ClientPlan::Stay);
    }
    lab.broadcast(1, "bom dia");
    lab.wait(Duration::from_millis(400));
    lab
}

/// The sequential server serves one client; two of ours, a stranger and the broadcaster wait in its queue.
pub(crate) fn queue(lang: Lang) -> Lab {
    let mut lab = started(lang);
    for (id, port) in [(1, 41_022), (2, 41_026), (3, 41_030)] {
        lab.connect(id, 1, port, ClientPlan::Stay);
    }
    lab.stranger(1, 50_001);
    lab.datagram(4, 38_215);
    lab.refused(5, 2, 41_040);
    lab.broadcast(1, "alô, turma!");
    lab.keys("j");
    lab.wait(Duration::from_secs(3));
    lab
}

/// The ports are taken, and evidence is lacking.
pub(crate) fn trouble(lang: Lang) -> Lab {
    let mut lab = Lab::empty(lang);
    let holder = Some(Process { pid: 7330, name: "python3".into() });
    lab.server(0, ServerChange::Failed { errno: Errno::AddrInUse, holder });
    lab.server(1, ServerChange::Failed { errno: Errno::AddrInUse, holder: None });
    lab.start(2);
    lab.server(2, ServerChange::Paused { errno: Errno::Mfile });
    lab.note(Note::BurstCut { asked: 1_000, made: 118, errno: Errno::Mfile });
    lab.note(Note::Dropped { count: 12 });
    lab.wait(Duration::from_secs(1));
    lab
}

/// So many clients, all connected.
pub(crate) fn crowd(lang: Lang, clients: u16) -> Lab {
    let mut lab = started(lang);
    for n in 0..clients {
        lab.connect(u32::from(n) + 1, 0, 33_000 + 2 * n, ClientPlan::Stay);
    }
    lab
}

/// A filter with a mistake is being typed.
pub(crate) fn typing(lang: Lang) -> Lab {
    let mut lab = lesson(lang);
    lab.keys("/");
    lab.key(Key::Ctrl('u'));
    lab.keys("port 65432 and state estabished");
    lab
}
