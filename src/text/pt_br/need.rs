//! Brazilian Portuguese: what the laboratory needs of the machine, and what helps where it is missing.

use super::super::need::Advice;
use crate::domain::need::{Need, Remedy};

pub(super) const fn need(need: Need) -> &'static str {
    match need {
        Need::Linux => "o Linux",
        Need::Helper => "iniciar o processo auxiliar que mantém os dois hosts",
        Need::UserNamespace => "um namespace de usuário (user_namespaces(7))",
        Need::UidMap => "os poderes de um namespace de usuário (escrever uid_map e gid_map)",
        Need::PidNamespace => "um namespace de PID (pid_namespaces(7))",
        Need::NetNamespace => "dois namespaces de rede (network_namespaces(7))",
        Need::TunNode => "o nó de dispositivo /dev/net/tun",
        Need::Tun => "uma interface TUN em cada host",
        Need::Veth => "no lugar do TUN, um par veth e sockets de pacote (veth(4))",
        Need::Address => "dar endereços às interfaces dos hosts",
        Need::PacketSocket => "capturar pacotes (CAP_NET_RAW; o laboratório do fio mostra pacotes sem ela)",
        Need::Interface => "a interface em que capturar",
        Need::CaptureSettings => "o filtro e o buffer da captura (packet(7))",
        Need::CaptureThread => "a thread da captura",
        Need::Tracepoint => "o tracepoint do kernel: cada mudança de estado (root)",
    }
}

pub(super) const fn remedy(remedy: Remedy) -> Advice {
    match remedy {
        Remedy::OtherSystem => Advice {
            sentence: "Use o Linux. Uma sessão gravada nele pode ser revista em qualquer lugar, e um arquivo de captura pode ser lido: socklab-tui capture -r FILE.",
            command: None,
        },
        Remedy::TunPermission => Advice {
            sentence: "O dispositivo existe, mas não para você. Isto o abre até a próxima inicialização:",
            command: Some("sudo chmod 0666 /dev/net/tun"),
        },
        Remedy::TunModule => Advice {
            sentence: "O dispositivo não existe. Isto carrega o que o cria:",
            command: Some("sudo modprobe tun"),
        },
        Remedy::AppArmorProfile => Advice {
            sentence: "O AppArmor restringe user namespaces aqui (Ubuntu a partir do 24.04). O perfil assets/apparmor/socklab-tui os permite a este programa: ponha nele o caminho do programa e carregue-o:",
            command: Some(
                "sudo cp assets/apparmor/socklab-tui /etc/apparmor.d/ && sudo apparmor_parser -r /etc/apparmor.d/socklab-tui",
            ),
        },
        Remedy::AllowUserNamespaces => Advice {
            sentence: "Este sistema proíbe user namespaces. Isto os permite até a próxima inicialização:",
            command: Some("sudo sysctl -w kernel.unprivileged_userns_clone=1"),
        },
        Remedy::RaiseNamespaceLimit => Advice {
            sentence: "O limite de namespaces foi atingido. Isto o aumenta até a próxima inicialização:",
            command: Some("sudo sysctl -w user.max_{user,pid,net}_namespaces=15000"),
        },
        Remedy::Container => Advice {
            sentence: "Um contêiner ou o seu filtro seccomp o proíbe. Fora dele, inicie-o com:",
            command: Some("docker run --privileged …"),
        },
        Remedy::Kernel => Advice { sentence: "Este kernel foi compilado sem isso; outro kernel o tem.", command: None },
        Remedy::FileCapability => Advice {
            sentence: "Falta a capability CAP_NET_RAW, que este programa não recebeu. Este comando dá essa e nenhuma outra:",
            command: Some("sudo setcap cap_net_raw+ep {exe}"),
        },
        Remedy::BoundingSet => Advice {
            sentence: "O programa roda onde CAP_NET_RAW é proibida (contêiner ou serviço): inicie-o com CAP_NET_RAW.",
            command: None,
        },
        Remedy::OtherInterface => {
            Advice { sentence: "Não há interface com esse nome: `ip link` lista as que existem.", command: None }
        }
        Remedy::Root => Advice {
            sentence: "Sem root os estados vêm da tabela de sockets, que perde o que dura microssegundos.",
            command: Some("sudo {exe}"),
        },
        Remedy::Unknown => Advice {
            sentence: "Não se conhece o que ajude, a não ser pedir de novo como root:",
            command: Some("sudo socklab-tui"),
        },
    }
}
