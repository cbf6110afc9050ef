//! `socklab-tui doctor`: checks each thing that the laboratory needs, and says how to get what is missing.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;

use super::cli::DoctorArgs;
use super::{locale, piped, status};
use crate::domain::need::{Lack, Need};
use crate::domain::note::TableSource;
use crate::domain::{Errno, Proto};
use crate::model::ui::Glyphs;
#[cfg(target_os = "linux")]
use crate::observe::capture::CaptureAccess;
use crate::observe::{self, TableDifference};
use crate::text::Text;
use crate::text::doctor::DoctorText;
use crate::text::need::Advice;
use crate::view::ColorDepth;
#[cfg(target_os = "linux")]
use crate::wire::WireOptions;

/// With fewer descriptors than this a class cannot spawn a thousand clients on both ends.
#[cfg(unix)]
const MANY: u64 = 4096;

/// The result of one check.
enum Diagnosis {
    Works(String),
    /// Missing, with advice.
    Lacks(String, Option<Errno>, Advice),
}

/// Prints the results. The exit status is 0 if the laboratory works, even if optional things are missing.
pub(super) fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    // Before any other thread exists: the privilege to capture is tested, and dropped.
    #[cfg(target_os = "linux")]
    let key = CaptureAccess::take().map(drop);
    let all = locale::text(args.lang);
    let text = &all.doctor;
    let loopback = loopback().map_err(Errno::from);
    let works = loopback.is_ok();
    let mut found = table(text);
    found.push(match loopback {
        Ok(()) => Diagnosis::Works(text.sockets.into()),
        Err(errno) => Diagnosis::Lacks(text.no_sockets.into(), Some(errno), text.no_sockets_advice),
    });
    found.extend(ports(text));
    found.extend(limits(text));
    found.extend(terminal(text));
    #[cfg(target_os = "linux")]
    found.extend(evidence(all, key));
    Ok(piped(print(&found, all, works), ())?).map(|()| status(works))
}

fn print(found: &[Diagnosis], text: &Text, works: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for found in found {
        line(&mut out, found, "")?;
    }
    wire(&mut out, text)?;
    writeln!(out, "\n{}", if works { text.doctor.works } else { text.doctor.broken })
}

fn line(out: &mut impl Write, found: &Diagnosis, indent: &str) -> io::Result<()> {
    let ascii = locale::glyphs(false) == Glyphs::Ascii;
    let (good, bad) = if ascii { ("ok", "--") } else { ("✓", "✗") };
    match found {
        Diagnosis::Works(what) => writeln!(out, "{indent}{good} {what}"),
        Diagnosis::Lacks(what, errno, advice) => {
            let errno = errno.map_or_else(String::new, |errno| format!(": {errno}"));
            writeln!(out, "{indent}{bad} {what}{errno}\n{indent}    {}", advice.sentence)?;
            match advice.command(&super::program()) {
                Some(command) => writeln!(out, "{indent}    $ {command}"),
                None => Ok(()),
            }
        }
    }
}

/// Where the socket table comes from, and whether another reader finds the same sockets in it.
fn table(text: &DoctorText) -> Vec<Diagnosis> {
    let compared = match observe::compare() {
        Ok(compared) => compared,
        Err(error) => return vec![Diagnosis::Lacks(text.no_table.into(), Some(error.into()), text.no_table_advice)],
    };
    let mut found = vec![Diagnosis::Works((text.table)(compared.source).into())];
    // netstat2 is no witness of itself.
    if compared.source == TableSource::Netstat2 {
        return found;
    }
    found.push(match compared.netstat2 {
        Ok(TableDifference { lacks: 0, more: 0 }) => Diagnosis::Works((text.counted)(compared.sockets, 0, 0)),
        Ok(TableDifference { lacks, more }) => {
            Diagnosis::Lacks((text.counted)(compared.sockets, lacks, more), None, text.counted_advice)
        }
        Err(errno) => Diagnosis::Works((text.not_counted)(compared.sockets, errno)),
    });
    found
}

/// Tries a connection over loopback.
fn loopback() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    TcpStream::connect(listener.local_addr()?)?;
    listener.accept().map(drop)
}

/// The ports of the servers.
fn ports(text: &DoctorText) -> Vec<Diagnosis> {
    let wanted = [(Proto::Tcp, 65432), (Proto::Tcp, 65433), (Proto::Tcp, 65434), (Proto::Udp, 65432)];
    let tried = wanted.map(|(proto, port)| {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let bound = match proto {
            Proto::Tcp => TcpListener::bind(addr).map(drop),
            Proto::Udp | Proto::Icmp => UdpSocket::bind(addr).map(drop),
        };
        let name = format!("{port}/{proto}");
        match bound {
            Ok(()) => Diagnosis::Works((text.port_free)(&name)),
            Err(error) => {
                let holder = observe::holder(proto, addr);
                let holder = holder.map(|process| format!("{} ({})", process.name, process.pid));
                let what = (text.port_held)(&name, holder.as_deref());
                Diagnosis::Lacks(what, Some(error.into()), text.port_advice)
            }
        }
    });
    tried.into()
}

/// Descriptors and ephemeral ports.
fn limits(text: &DoctorText) -> Vec<Diagnosis> {
    let mut found = Vec::new();
    #[cfg(unix)]
    {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        let number = |limit: Option<u64>| limit.map_or_else(|| "∞".into(), |limit| limit.to_string());
        let what = (text.descriptors)(&number(limit.current), &number(limit.maximum));
        let many = limit.maximum.is_none_or(|most| most >= MANY);
        found.push(if many { Diagnosis::Works(what) } else { Diagnosis::Lacks(what, None, text.descriptors_advice) });
    }
    found.extend(observe::port_range().map(|(low, high)| Diagnosis::Works((text.ephemeral)(low, high))));
    found
}

/// The colours and characters of the terminal.
fn terminal(text: &DoctorText) -> [Diagnosis; 2] {
    let colours = match locale::depth() {
        ColorDepth::Mono => None,
        ColorDepth::Ansi16 => Some("16"),
        ColorDepth::Ansi256 => Some("256"),
        ColorDepth::True => Some("2²⁴"),
    };
    let colours = match colours {
        Some(count) => Diagnosis::Works((text.colours)(count)),
        None => Diagnosis::Lacks(text.no_colours.into(), None, text.colours_advice),
    };
    let unicode = match locale::glyphs(false) {
        Glyphs::Unicode => Diagnosis::Works(text.unicode.into()),
        Glyphs::Ascii => Diagnosis::Lacks(text.unicode.into(), None, text.unicode_advice),
    };
    [colours, unicode]
}

/// Whether a need is met.
fn need(text: &Text, check: Result<Need, Lack>) -> Diagnosis {
    match check {
        Ok(need) => Diagnosis::Works((text.need)(need).into()),
        Err(Lack { need, errno, remedy }) => {
            Diagnosis::Lacks((text.need)(need).into(), Some(errno), (text.remedy)(remedy))
        }
    }
}

/// Whether the kernel lets us capture and trace.
#[cfg(target_os = "linux")]
fn evidence(text: &Text, key: Result<(), Lack>) -> [Diagnosis; 2] {
    let (sink, _events) = super::queue::open(crate::domain::Clock::start());
    let nothing = observe::Scope::Ports(std::collections::BTreeSet::new());
    let trace = observe::Trace::start(sink, &nothing).map(drop);
    [need(text, key.map(|()| Need::PacketSocket)), need(text, trace.map(|()| Need::Tracepoint))]
}

#[cfg(not(target_os = "linux"))]
fn wire(out: &mut impl Write, text: &Text) -> io::Result<()> {
    writeln!(out, "\n{}", text.doctor.wire)?;
    line(out, &need(text, Err(Lack::LINUX)), "  ")
}

/// The needs of the wire lab, one by one.
#[cfg(target_os = "linux")]
fn wire(out: &mut impl Write, text: &Text) -> io::Result<()> {
    writeln!(out, "\n{}", text.doctor.wire)?;
    let checks = crate::wire::doctor(&WireOptions::default());
    for check in &checks {
        line(out, &need(text, *check), "  ")?;
    }
    writeln!(out, "  {}", (text.doctor.wire_opens)(opens(&checks)))
}

/// Whether the wire lab opens with these results: either TUN or veth is enough.
#[cfg(target_os = "linux")]
fn opens(checks: &[Result<Need, Lack>]) -> bool {
    let met = |need: Need| checks.contains(&Ok(need));
    let alternative = |need: Need| matches!(need, Need::TunNode | Need::Tun | Need::Veth);
    let rest = checks.iter().all(|check| check.is_ok() || check.is_err_and(|lack| alternative(lack.need)));
    rest && met(Need::NetNamespace) && (met(Need::Tun) || met(Need::Veth))
}
