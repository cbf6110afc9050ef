//! The kernel's `inet_diag` filter bytecode: "source or destination port is one of these".

use std::collections::BTreeSet;

/// With more ports than this we read everything and filter here. It also keeps the jump to the end within its 16 bits.
const MOST: usize = 1_000;

// `INET_DIAG_BC_*` of linux/inet_diag.h.
const JMP: u8 = 1;
const SPORT_EQ: u8 = 11;
const DPORT_EQ: u8 = 12;

/// One comparison and its operand.
const TEST: u16 = 8;
/// One jump.
const JUMP: u16 = 4;

/// The bytecode for `sport = p or dport = p or …`; `None` when there are too many ports for one.
///
/// An operation is `(code: u8, yes: u8, no: u16)`: how many bytes to advance when it holds and when it does not. A
/// program accepts by ending exactly at its end and rejects by jumping four bytes past it. `yes` is too short for a
/// jump to the end from far away, so each test but the last is followed by a jump. The kernel checks that every `no`
/// lands on the chain of the `yes`es, which this layout does.
pub(super) fn any_port(ports: &BTreeSet<u16>) -> Option<Vec<u8>> {
    if ports.len() > MOST {
        return None;
    }
    let tests = ports.iter().flat_map(|&port| [(SPORT_EQ, port), (DPORT_EQ, port)]);
    let mut left = u16::try_from(ports.len() * 2).ok()?;
    let mut code = Vec::with_capacity(usize::from(left) * usize::from(TEST + JUMP));
    for (test, port) in tests {
        left -= 1;
        push(&mut code, test, 8, TEST + JUMP);
        push(&mut code, 0, 0, port);
        if left > 0 {
            push(&mut code, JMP, 4, left * (TEST + JUMP));
        }
    }
    Some(code)
}

fn push(code: &mut Vec<u8>, op: u8, yes: u8, no: u16) {
    code.extend([op, yes]);
    code.extend(no.to_ne_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a program as the kernel's `inet_diag_bc_run` does.
    fn run(code: &[u8], sport: u16, dport: u16) -> bool {
        let mut at = 0;
        while at < code.len() {
            let no = |at: usize| u16::from_ne_bytes([code[at + 2], code[at + 3]]);
            let yes = match code[at] {
                JMP => false,
                SPORT_EQ => sport == no(at + 4),
                DPORT_EQ => dport == no(at + 4),
                other => panic!("operation {other}"),
            };
            at += if yes { usize::from(code[at + 1]) } else { usize::from(no(at)) };
        }
        assert!(at == code.len() || at == code.len() + 4, "ends at {at} of {}", code.len());
        at == code.len()
    }

    #[test]
    fn it_accepts_exactly_these_ports_on_either_side() {
        for ports in [vec![1], vec![65432], vec![65431, 65432, 65434], (1..=1000).collect()] {
            let ports: BTreeSet<u16> = ports.into_iter().collect();
            let code = any_port(&ports).unwrap();
            for port in [1, 2, 500, 1000, 1001, 65430, 65431, 65432, 65433, 65434, 65535] {
                assert_eq!(run(&code, port, 2000), ports.contains(&port));
                assert_eq!(run(&code, 2000, port), ports.contains(&port));
            }
        }
    }

    #[test]
    fn a_long_list_has_no_filter() {
        assert_eq!(any_port(&(1..=1001).collect()), None);
    }
}
