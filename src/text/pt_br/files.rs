//! Brazilian Portuguese: a capture file in place of live traffic.

use super::super::FilesText;
use super::plural;

pub(super) const FILES: FilesText = FilesText {
    file: "ARQUIVO",
    prompt: "Abrir um arquivo de captura",
    hint: "pcap ou pcapng, como o Wireshark, o tcpdump e este programa gravam. O laboratório continua enquanto isso.",
    reading: "Lendo…",
    no_name: "Digite o nome de um arquivo; Tab completa.",
    no_file: "Esse arquivo não existe. Nomes sem / são procurados onde o socklab-tui foi iniciado.",
    forbidden: "Este arquivo não pode ser lido: o dono dele pode permitir com chmod a+r.",
    directory: "Isto é um diretório: continue com o nome de um arquivo dele; Tab completa.",
    not_a_file: "Isto não é um arquivo: o que sai de um pipe se lê com socklab-tui capture -r -.",
    not_a_capture: "Isto não é uma captura: nem pcap nem pcapng. O Wireshark e o tcpdump -w gravam arquivos assim.",
    io: |errno| format!("Não é possível ler o arquivo: {errno}."),
    not_live: "não é ao vivo",
    back: "voltar ao vivo",
    cut: |packets| format!("O arquivo termina no meio de um pacote, depois de {packets}."),
    damaged: |at, packets| format!("O arquivo está danificado no byte {at}, depois de {packets}."),
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
    empty: "Não há nenhum pacote neste arquivo.",
    none_listed: "Nenhum pacote deste arquivo é TCP, UDP ou ICMP.",
    instead: |key| format!("Mesmo assim é possível abrir um arquivo de captura: {key}."),
};
