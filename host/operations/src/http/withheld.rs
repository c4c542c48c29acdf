//! Whether a reply holds the value of a secret. A service that answers what it was asked, or asked for earlier, would otherwise
//! hand secrets to plugins.
//!
//! Looked for is the value as it is, in base64 at each of its three alignments, and in hexadecimal digits; in the reply as it
//! came, percent-decoded, with the escapes of JSON undone, and without white space, at which base64 is broken into lines.
//! Another encoding is not recognised: a secret goes only to hosts that it is bound to, and those have to be trusted with it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The shortest encoded text that is looked for, in bytes. Shorter ones are in every reply.
const SHORTEST: usize = 6;

/// Whether any of `values` is in `reply`.
pub(crate) fn holds<'a>(reply: &[u8], values: impl Iterator<Item = &'a str>) -> bool {
    let needles: Vec<Vec<u8>> = values.flat_map(needles).collect();
    if needles.is_empty() {
        return false;
    }
    let forms =
        [reply.to_vec(), percent_decoded(reply, false), percent_decoded(reply, true), unescaped(reply), dense(reply)];
    forms.iter().any(|form| needles.iter().any(|needle| contains(form, needle)))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.first().is_some_and(|first| {
        let starts = text.iter().enumerate().filter(|(_, byte)| *byte == first);
        starts.map(|(at, _)| at).any(|at| text.get(at..).is_some_and(|rest| rest.starts_with(part)))
    })
}

/// The value in each form that is looked for.
fn needles(value: &str) -> Vec<Vec<u8>> {
    let hex = |upper: bool| -> String {
        value.bytes().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }).collect()
    };
    let mut encoded = vec![hex(false), hex(true)];
    for shift in 0..3 {
        let shifted = [vec![0; shift], value.as_bytes().to_vec()].concat();
        // The digits that hang on the value alone, whatever stands before and behind it.
        let (start, end) = ((shift * 8).div_ceil(6), shifted.len() * 8 / 6);
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            encoded.extend(engine.encode(&shifted).get(start..end).map(str::to_owned));
        }
    }
    let encoded = encoded.into_iter().filter(|text| text.len() >= SHORTEST).map(String::into_bytes);
    [value.as_bytes().to_vec()].into_iter().chain(encoded).collect()
}

/// `%41` is `A`; with `form`, `+` is a blank.
fn percent_decoded(text: &[u8], form: bool) -> Vec<u8> {
    let mut decoded = vec![];
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| byte == b'%').and_then(hex_number);
        rest = if digits.is_some() { after.get(2..).unwrap_or_default() } else { after };
        decoded.push(match digits {
            Some(number) => number as u8,
            None if form && byte == b'+' => b' ',
            None => byte,
        });
    }
    decoded
}

/// The text with the escapes of JSON strings (RFC 8259, section 7) undone, wherever they stand.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut decoded = vec![];
    let mut units: Vec<u16> = vec![];
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let unit = after.strip_prefix(b"u").and_then(|digits| hex_number(digits.get(..4)?));
        if byte == b'\\'
            && let Some(unit) = unit
        {
            units.push(unit);
            rest = after.get(5..).unwrap_or_default();
            continue;
        }
        flush(&mut units, &mut decoded);
        let escaped = after.first().filter(|_| byte == b'\\');
        rest = if escaped.is_some() { after.get(1..).unwrap_or_default() } else { after };
        decoded.push(match escaped {
            None => byte,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(other) => *other,
        });
    }
    flush(&mut units, &mut decoded);
    decoded
}

/// Writes the characters of UTF-16 that were read.
fn flush(units: &mut Vec<u16>, to: &mut Vec<u8>) {
    if !units.is_empty() {
        to.extend(String::from_utf16_lossy(units).bytes());
        units.clear();
    }
}

/// The text without white space, its escapes in JSON, and the zeros of UTF-16.
fn dense(text: &[u8]) -> Vec<u8> {
    let plain = unescaped(text);
    plain.into_iter().filter(|byte| !byte.is_ascii_whitespace() && *byte != 0).collect()
}

fn hex_number(digits: &[u8]) -> Option<u16> {
    let digits =
        std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "T0/B0+x \"\u{e4}\\z9";

    fn found(reply: &str) -> bool {
        holds(reply.as_bytes(), [VALUE].into_iter())
    }

    #[test]
    fn a_value_is_found_however_it_is_written() {
        let json = serde_json::to_string(VALUE).unwrap();
        let percent: String = VALUE.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let ascii: String = VALUE.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let hex: String = VALUE.bytes().map(|byte| format!("{byte:02x}")).collect();
        let utf16: Vec<u8> = "secret-of-ascii".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(holds(&utf16, ["secret-of-ascii"].into_iter()));
        for reply in [
            VALUE.to_owned(),
            format!("before {VALUE} behind"),
            format!("{{\"echo\":{json}}}"),
            json.replace('/', "\\/"),
            ascii.clone(),
            ascii.to_uppercase().replace("\\U", "\\u"),
            percent.clone(),
            percent.to_lowercase(),
            "T0%2FB0%2Bx%20%22%C3%A4%5Cz9".into(),
            "T0%2FB0%2Bx+%22%C3%A4%5Cz9".into(),
            hex.to_uppercase(),
            hex,
        ] {
            assert!(found(&reply), "{reply}");
        }
        for before in ["", "a", "ab", "abc"] {
            for behind in ["", "y", "yz"] {
                let bytes = format!("{before}{VALUE}{behind}");
                let standard = STANDARD_NO_PAD.encode(&bytes);
                assert!(found(&format!("{{\"body\":\"{standard}==\"}}")), "{before} {behind}");
                assert!(found(&standard.replace('/', "\\/")), "{before} {behind}");
                assert!(found(&URL_SAFE_NO_PAD.encode(&bytes)), "{before} {behind}");
                assert!(found(&format!("{}\r\n {}", &standard[..7], &standard[7..])), "{before} {behind}");
            }
        }
    }

    #[test]
    fn other_replies_are_not_withheld() {
        for reply in ["", "ok", "T0/B0", "%", "%2", "\\", "\\u", "\\u00", "\\ud800", "T0/B0+x \"\u{e4}\\z8"] {
            assert!(!found(reply), "{reply}");
        }
        assert!(!holds(VALUE.as_bytes(), std::iter::empty()));
        // One that is too short for its encodings to say anything.
        assert!(!holds(b"abc YWI= 6162", ["xy"].into_iter()));
        assert!(holds(b"wxyz", ["xy"].into_iter()));
    }
}
