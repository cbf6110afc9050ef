//! Brazilian Portuguese: what happens to the capture and to capture files.

use super::files::FILES;
use super::{plural, trouble};
use crate::domain::CaptureEvent;

pub(super) fn capture(event: &CaptureEvent) -> String {
    let packets = |count: u64| format!("{} {}", super::grouped(count), plural(count, "pacote", "pacotes"));
    match event {
        CaptureEvent::Started { interface } => format!("Pacotes são capturados em {interface}."),
        CaptureEvent::Failed { lack, .. } => {
            format!("Não é possível capturar pacotes: {}, {}.", lack.errno, trouble::errno(lack.errno).what)
        }
        CaptureEvent::FileOpened { name, summary, .. } => {
            let read = plural(summary.read, "lido", "lidos");
            format!("{} {read} de {name}.", packets(summary.read))
        }
        CaptureEvent::FileRefused { name, fault, .. } => {
            format!("Não foi possível abrir {name}. {}", FILES.fault(*fault))
        }
        CaptureEvent::FileCounted { packets: all, .. } => {
            format!("O arquivo de captura tem {} ao todo.", packets(*all))
        }
    }
}
