//! Brazilian Portuguese: a capture file in place of live traffic.

use super::super::FilesText;
use super::plural;
use crate::domain::{FileFlaw, Unread};

pub(super) const FILES: FilesText = FilesText {
    file: "ARQUIVO",
    prompt: "Abrir um arquivo de captura",
    hint: "pcap ou pcapng, como o Wireshark, o tcpdump e este programa gravam, também como .gz ou .zst. O laboratório continua enquanto isso.",
    reading: "Lendo…",
    no_name: "Digite o nome de um arquivo; Tab completa.",
    no_file: "Esse arquivo não existe. Nomes sem / são procurados onde o socklab-tui foi iniciado.",
    forbidden: "Este arquivo não pode ser lido: o dono dele pode permitir com chmod a+r.",
    directory: "Isto é um diretório: continue com o nome de um arquivo dele; Tab completa.",
    not_a_file: "Isto não é um arquivo: o que sai de um pipe se lê com socklab-tui capture -r -.",
    not_a_capture: "Isto não é uma captura: nem pcap nem pcapng. O Wireshark e o tcpdump -w gravam arquivos assim.",
    compressed: |with, command| {
        format!("Este arquivo está comprimido com {with}. Descomprima: {command} ARQUIVO > OUTRO, e abra OUTRO.")
    },
    unpacked: |with, command| {
        format!("Este arquivo está comprimido com {with}, que não é lido: {command} ARQUIVO | socklab-tui capture -r -")
    },
    io: |errno| format!("Não é possível ler o arquivo: {errno}."),
    not_live: "não é ao vivo",
    back: "voltar ao vivo",
    cut: |packets| format!("O arquivo termina no meio de um pacote, depois de {packets}."),
    damaged: |at, what, packets| format!("O arquivo está danificado no byte {at}, depois de {packets}: {what}."),
    flaw,
    stopped: |errno, packets| format!("Não foi possível ler o arquivo além de {packets}: {errno}."),
    more: |packets, all| {
        let all = all.map_or_else(String::new, |all| format!(", de {all}"));
        format!(
            "Estes são os primeiros {packets}{all}. Para ver outros: socklab-tui capture -r ARQUIVO -w PARTE 'port 65432', e abra PARTE."
        )
    },
    others: |number, count| {
        let are =
            plural(count, "pacote de outro protocolo não é listado", "pacotes de outros protocolos não são listados");
        format!("{number} {are}.")
    },
    unread: |number, count, unread| {
        let packets = plural(count, "pacote", "pacotes");
        let with = unread.with_number();
        match unread {
            Unread::LinkType(_) => format!("{number} {packets} do tipo de enlace {with}, que este programa não lê."),
            Unread::EtherType(_) => format!("{number} {packets} do EtherType {with}: nem TCP, nem UDP, nem ICMP."),
            Unread::Llc(_) => format!("{number} {packets} de LLC {with}: nem TCP, nem UDP, nem ICMP."),
            Unread::Ppp(_) => format!("{number} {packets} do protocolo PPP {with}: nem TCP, nem UDP, nem ICMP."),
            Unread::IpProtocol(_) => format!("{number} {packets} do protocolo IP {with}: nem TCP, nem UDP, nem ICMP."),
            Unread::Wireless => format!("{number} {packets} 802.11 sem dados legíveis: de gerência, ou cifrados."),
            Unread::Malformed => format!("{number} {packets} com cabeçalhos cortados ou impossíveis."),
        }
    },
    not_written: |errno, what| format!("Não é possível gravar os pacotes: {errno}, {what}."),
    left_out: |list| format!("Não está na cópia: {list}."),
    empty: "Não há nenhum pacote neste arquivo.",
    none_listed: "Nenhum pacote deste arquivo é TCP, UDP ou ICMP.",
    instead: |key| format!("Mesmo assim é possível abrir um arquivo de captura: {key}."),
};

const fn flaw(what: FileFlaw) -> &'static str {
    match what {
        FileFlaw::Packed => "dados comprimidos que não podem ser descomprimidos",
        FileFlaw::FrameLength => "um quadro mais longo do que qualquer enlace permite",
        FileFlaw::ByteOrder => "sem ordem de bytes",
        FileFlaw::SectionLength => "um cabeçalho de seção de tamanho impossível",
        FileFlaw::BlockLength => "um bloco de tamanho impossível",
        FileFlaw::BlockLengths => "um bloco cujos dois tamanhos diferem",
        FileFlaw::Packet => "um pacote que não cabe no bloco, ou não indica a interface",
        FileFlaw::Interface => "uma interface que não cabe no bloco",
        FileFlaw::Interfaces => "mais interfaces do que qualquer máquina tem",
    }
}
