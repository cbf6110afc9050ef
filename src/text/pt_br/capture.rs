//! Brazilian Portuguese: what happens to the capture and to capture files.

use super::files::FILES;
use super::{plural, trouble};
use crate::domain::{CaptureEvent, CapturedInterface, InterfaceState};

pub(super) fn capture(event: &CaptureEvent) -> String {
    let packets = |count: u64| format!("{} {}", super::grouped(count), plural(count, "pacote", "pacotes"));
    match event {
        CaptureEvent::Started { interfaces } => format!("Pacotes são capturados em {}.", named(interfaces)),
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

/// The interfaces, each with what keeps packets from crossing it: `lo, eth0 (desativada)`.
pub(super) fn named(interfaces: &[CapturedInterface]) -> String {
    if interfaces.is_empty() {
        return "nenhuma interface".into();
    }
    let named = interfaces.iter().map(|CapturedInterface { name, state }| match state {
        InterfaceState::Up => name.to_string(),
        state => format!("{name} ({})", self::state(*state)),
    });
    named.collect::<Vec<_>>().join(", ")
}

pub(super) const fn state(state: InterfaceState) -> &'static str {
    match state {
        InterfaceState::Up => "ativa",
        InterfaceState::NoLink => "sem enlace",
        InterfaceState::Down => "desativada",
        InterfaceState::Missing => "não existe",
    }
}
