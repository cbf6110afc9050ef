//! Brazilian Portuguese: what `doctor` and `exec` say.

use super::super::doctor::{Advice, Doctor, Needs, Remedies};

pub(super) const DOCTOR: Doctor = Doctor {
    sockets: "sockets em loopback: servidores e clientes funcionam",
    port_free: |port| format!("a porta {port} está livre"),
    port_held: |port, holder| match holder {
        Some(holder) => format!("a porta {port} está com {holder}"),
        None => format!("a porta {port} está com outro programa"),
    },
    port_advice: Advice {
        sentence: "O servidor dessa porta dirá quem a segura; encerre esse programa, ou inicie com outras portas.",
        command: Some("socklab-tui --server threaded=0"),
    },
    descriptors: |now, most| format!("{now} descritores, no máximo {most}"),
    descriptors_advice: Advice {
        sentence: "Cada socket é um descritor: para milhares de clientes aumente o limite no shell que inicia o programa.",
        command: Some("ulimit -n 65536"),
    },
    ephemeral: |low, high| format!("portas efêmeras de {low} a {high}"),
    colours: |count| format!("{count} cores"),
    no_colours: "sem cores (NO_COLOR está definida)",
    colours_advice: Advice {
        sentence: "Remova NO_COLOR para ver os estados em cores; nada é dito só pela cor.",
        command: Some("unset NO_COLOR"),
    },
    unicode: "caracteres além do ASCII",
    unicode_advice: Advice {
        sentence: "Tudo é desenhado com ASCII; um locale UTF-8 dá linhas e símbolos.",
        command: Some("export LC_ALL=C.UTF-8"),
    },
    capture: "capturar pacotes (CAP_NET_RAW)",
    capture_advice: Advice {
        sentence: "Pacotes em loopback exigem a capacidade; o laboratório do fio mostra pacotes sem ela.",
        command: Some("sudo setcap cap_net_raw+ep {exe}"),
    },
    trace: "o tracepoint do kernel: cada mudança de estado (root)",
    trace_advice: Advice {
        sentence: "Sem root os estados vêm da tabela de sockets, que perde o que dura microssegundos.",
        command: Some("sudo {exe}"),
    },
    wire: "O laboratório do fio precisa de:",
    needs: Needs {
        linux: "Linux",
        helper: "iniciar seu processo auxiliar",
        user_namespace: "um namespace de usuário (user_namespaces(7))",
        uid_map: "escrever uid_map e gid_map",
        pid_namespace: "um namespace de PID (pid_namespaces(7))",
        net_namespace: "dois namespaces de rede (network_namespaces(7))",
        tun_node: "o nó de dispositivo /dev/net/tun",
        tun: "uma interface TUN em cada host",
        veth: "ou, no lugar dela, um par veth e sockets de pacote",
        address: "dar endereços às interfaces",
    },
    remedies: Remedies {
        other_system: Advice {
            sentence: "O laboratório do fio precisa de Linux. Todo o resto funciona aqui.",
            command: None,
        },
        tun_permission: Advice {
            sentence: "/dev/net/tun existe, mas não para você.",
            command: Some("sudo chmod 0666 /dev/net/tun"),
        },
        tun_module: Advice {
            sentence: "/dev/net/tun não existe: o módulo não está carregado.",
            command: Some("sudo modprobe tun"),
        },
        app_armor: Advice {
            sentence: "Esta distribuição tira os poderes dos namespaces de usuário, a menos que um perfil os permita. O perfil acompanha o programa (assets/apparmor/socklab-tui); ponha nele o caminho deste programa e carregue-o.",
            command: Some(
                "sudo cp assets/apparmor/socklab-tui /etc/apparmor.d/ && sudo apparmor_parser -r /etc/apparmor.d/socklab-tui",
            ),
        },
        allow_user_namespaces: Advice {
            sentence: "Este sistema proíbe namespaces de usuário a usuários comuns.",
            command: Some("sudo sysctl kernel.unprivileged_userns_clone=1"),
        },
        raise_namespace_limit: Advice {
            sentence: "O limite de namespaces está esgotado, ou é 0.",
            command: Some(
                "sudo sysctl user.max_user_namespaces=1024 user.max_net_namespaces=1024 user.max_pid_namespaces=1024",
            ),
        },
        container: Advice {
            sentence: "Um contêiner o proíbe. Inicie o contêiner com a permissão, ou use o programa fora dele.",
            command: Some("docker run --security-opt seccomp=unconfined --device /dev/net/tun …"),
        },
        kernel: Advice { sentence: "Este kernel foi compilado sem isso.", command: None },
        unknown: Advice { sentence: "Não se conhece remédio; o erro é tudo o que há.", command: None },
    },
    works: "O laboratório funciona aqui.",
    broken: "O laboratório não funciona aqui: nem sockets em loopback funcionam.",
    wire_opens: |opens| {
        if opens { "O laboratório do fio abre aqui." } else { "O laboratório do fio não abre aqui." }
    },
    no_wire: "nenhum laboratório do fio está aberto: abra um em outro terminal com `socklab-tui wire`",
    several: |processes| {
        format!("vários laboratórios do fio estão abertos: diga qual com --of e o processo ({processes})")
    },
    not_started: |why| format!("o programa não pôde ser iniciado: {why}"),
};
