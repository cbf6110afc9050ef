//! The messages of a hostile peer: everything that a terminal might obey, hide or draw wrongly.

/// The characters that have no shape of their own, or change how their neighbours are shown.
const HIDDEN: &str = "\
    \u{ad}\u{34f}\u{61c}\u{115f}\u{17b4}\u{180e}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\
    \u{202b}\u{202c}\u{202d}\u{202e}\u{2060}\u{2066}\u{2067}\u{2068}\u{2069}\u{206a}\u{206f}\u{3164}\u{fe00}\
    \u{fe0e}\u{fe0f}\u{feff}\u{ffa0}\u{fff9}\u{fffb}\u{1bca0}\u{1d173}\u{1d17a}\u{e0001}\u{e0041}\u{e007f}\
    \u{e0100}\u{e01ef}";

/// Whole sequences: CSI, OSC, DCS, APC, PM, SOS, the two-byte ones, each with seven and with eight bits; cut ones too.
const SEQUENCES: &[&[u8]] = &[
    b"\x1b[2J\x1b[H",
    b"\x1b[31;1m",
    b"\x1b[?1049l",
    b"\x1b[?1049h",
    b"\x1b[?25h",
    b"\x1b[?25l",
    b"\x1b[?2004l",
    b"\x1b[?1000h\x1b[?1006h",
    b"\x1b[?1003h",
    b"\x1b[?6h",
    b"\x1b[?7l",
    b"\x1b[?5h",
    b"\x1b[?3h",
    b"\x1b[4h",
    b"\x1b[20h",
    b"\x1b[2;5r",
    b"\x1b[5;10s",
    b"\x1b[6n",
    b"\x1b[c",
    b"\x1b[>c",
    b"\x1b[8;3;3t",
    b"\x1b[21t",
    b"\x1b[3J",
    b"\x1b[999;999H",
    b"\x1b[99A\x1b[99D",
    b"\x1b[50L",
    b"\x1b[50M",
    b"\x1b[50P",
    b"\x1b[50@",
    b"\x1b[50X",
    b"\x1b[5S",
    b"\x1b[5T",
    b"\x1b[40b",
    b"\x1b[!p",
    b"\x1b[6 q",
    b"\x1b[>4;2m",
    b"\x1b[?u",
    b"\x1b[>1u",
    b"\x1b[5i",
    b"\x1b[",
    b"\x1b]0;owned\x07",
    b"\x1b]2;owned\x1b\\",
    b"\x1b]52;c;cm0gLXJm\x07",
    b"\x1b]4;0;#ff0000\x07",
    b"\x1b]11;#ffffff\x07",
    b"\x1b]8;;http://192.0.2.1/\x1b\\x\x1b]8;;\x1b\\",
    b"\x1b]1337;File=:AAAA\x07",
    b"\x1b]9;ping\x07",
    b"\x1b]0;never ended",
    b"\x1bPq#0;2;0;0;0~\x1b\\",
    b"\x1bP$q\"p\x1b\\",
    b"\x1bP+q544e\x1b\\",
    b"\x1bP",
    b"\x1b_Gf=100;AAAA\x1b\\",
    b"\x1b_",
    b"\x1b^pm\x1b\\",
    b"\x1bXsos\x1b\\",
    b"\x1bc",
    b"\x1b7",
    b"\x1b8",
    b"\x1bD",
    b"\x1bE",
    b"\x1bH",
    b"\x1bM",
    b"\x1bN",
    b"\x1bO",
    b"\x1bZ",
    b"\x1b=",
    b"\x1b>",
    b"\x1b#8",
    b"\x1b#3",
    b"\x1b(0",
    b"\x1b)0",
    b"\x1b%@",
    b"\x1bn",
    b"\x1bo",
    b"\x1b|",
    b"\x1b k",
    b"\x1bk owned\x1b\\",
    b"\x9b2J",
    b"\x9d0;owned\x9c",
    b"\x90q\x9c",
    b"\x9f\x9c",
    b"\x9e\x9c",
    b"\x98\x9c",
    b"\xc2\x9b2J",
    b"\xc2\x9d0;owned\xc2\x9c",
    b"\xc2\x90q\xc2\x9c",
    b"\xc2\x9f\xc2\x9c",
    b"\x0e\x0f",
    b"\r\n\r\n",
    b"\x08\x08\x08\x08x",
];

/// Bytes that are no UTF-8: overlong, surrogates, beyond the last character, cut, alone, in the wrong order.
const NO_UTF8: &[&[u8]] = &[
    b"\xc0\x80",
    b"\xc0\xaf",
    b"\xc1\xbf",
    b"\xe0\x80\xaf",
    b"\xe0\x80\x9b",
    b"\xf0\x80\x80\xaf",
    b"\xf8\x80\x80\x80\xaf",
    b"\xfc\x80\x80\x80\x80\xaf",
    b"\xc0\x9b2J",
    b"\xed\xa0\x80",
    b"\xed\xb0\x80",
    b"\xed\xa0\xbd\xed\xb8\x80",
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80",
    b"\xff",
    b"\xfe\xff",
    b"\xc3",
    b"\xe2\x82",
    b"\xf0\x9f\x98",
    b"\x80",
    b"\xbf\xbf\xbf",
    b"\xc3\x28",
];

/// Texts whose width terminals do not agree about, with a space between two.
const WIDTHS: &str = "\
    👩‍👩‍👧‍👦 🏳️‍🌈 🏴󠁧󠁢󠁥󠁮󠁧󠁿 👍🏽 🏽 🇧🇷 🇧 🇧🇷🇵 1️⃣ 1⃣ ❤️ ❤ ☺︎ ☺ 🫠 🛜 🌡 ☰ ䷀ e\u{301} \u{301} \
    e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308} ␛\u{20dd} │\u{338} 日本語 ｱﾞ 한국 \
    \u{1112}\u{1161}\u{11ab} \u{1161} क्षि นี้ กำ ﷽ 𒐫 ⸻ ⸺ שלום مرحبا ﷺ \u{e000} \u{10eeee}\u{305} \
    \u{10fffd} \u{fffe} \u{ffff} \u{fdd0} \u{3000} \u{a0} \u{2800} \u{378}";

/// One of everything, each alone.
fn pieces() -> Vec<Vec<u8>> {
    let text = |c: char| c.to_string().into_bytes();
    let c0 = (0..0x20).chain([0x7f]).map(|byte| vec![byte]);
    let c1 = (0x80..0xa0).flat_map(|byte| [vec![byte], text(char::from(byte))]);
    let bytes = SEQUENCES.iter().chain(NO_UTF8).map(|bytes| bytes.to_vec());
    let all = c0.chain(c1).chain(HIDDEN.chars().map(text)).chain(bytes);
    all.chain(WIDTHS.split(' ').map(|text| text.as_bytes().to_vec())).collect()
}

/// This many messages: each piece alone, within text, at its end, several times, and before and after another.
pub(crate) fn hostile(count: usize) -> impl Iterator<Item = Vec<u8>> {
    let pieces = pieces();
    (0..count).map(move |number| {
        let at = number % pieces.len();
        let round = number / pieces.len();
        let piece = &pieces[at][..];
        let other = &pieces[(at + 7 * round + 1) % pieces.len()][..];
        let parts: &[&[u8]] = match round % 6 {
            0 => &[piece],
            1 => &[b"ol\xc3\xa1 ", piece, b" turma"],
            2 => &[b"at the end", piece, b"\n"],
            3 => &[piece, piece, piece, piece, piece, piece],
            4 => &[piece, other],
            _ => &[other, b" ", piece, b" ", other],
        };
        parts.concat()
    })
}
