//! Brazilian Portuguese: the words around a lesson.

use super::super::lesson::Lessons;
use crate::domain::HostId;

const fn host(host: HostId) -> &'static str {
    match host {
        HostId::Client => "cliente",
        HostId::Server => "servidor",
    }
}

pub(super) const LESSONS: Lessons = Lessons {
    step: "passo",
    packet: "um pacote",
    again: "reenviado",
    first: "enviado pela primeira vez",
    it: "exatamente isso",
    nothing: "nada",
    failed: "Nem tudo o que se esperava foi visto.",
    passed: |count| format!("Tudo o que se esperava foi visto ({count})."),
    from: |from| format!("do {}", host(from)),
    by: |cause| format!(", por {cause}"),
    state: |end, state| format!("{end} está em {state}"),
    sent: |packet| format!("{packet}: enviado"),
    held: |packet| format!("{packet}: está no fio"),
    folded: |packet, times| format!("{packet}: reenviado enquanto estava retido, {times} ×"),
    count: |number, state, on| match on {
        Some(on) => format!("{number} em {state} no {}", host(on)),
        None => format!("{number} em {state}"),
    },
    ended: |on, status| format!("o programa no {} termina com {status}", host(on)),
    absent: |ms, what| format!("não em {ms} ms: {what}"),
    seen: |what| format!("visto: {what}"),
    not_done: |what| format!("não foi possível a tempo: {what}"),
};
