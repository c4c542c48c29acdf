//! Where a request goes: a URL in normal form, as grants are compared with it, with secrets in its path and nowhere else.
//! Whether the address behind its host may be reached is decided in `address`.

use capability::Fault;
use reqwest::Url;

use super::secret::{Values, unfit};
use super::template::{Piece, Template, placeholder};
use crate::check::{invalid, quoted};

/// The longest URL, in bytes; with the values of its secrets, too.
const LONGEST: usize = 8 << 10;
/// What a secret is told for that does not fit into a path.
const WANTS: &str = "in the path of a URL stand letters, digits and `-._~!$&'()*+,;=:@/`, and no segment `.` or `..`, also not \
                     with a `;` behind it";

/// A URL, checked.
#[derive(Debug)]
pub(crate) struct Target {
    /// The URL, with a mark in the place of each secret.
    marked: Url,
    /// Each mark, and the name of its secret.
    marks: Vec<(String, String)>,
}

impl Target {
    /// Reads a URL; `place` says where it stands.
    pub fn parse(text: &str, place: &str) -> Result<Target, Fault> {
        let wrong = |what: &str| Err(invalid(format!("{place} {what}")));
        if text.len() > LONGEST {
            return wrong(&format!("has more than {LONGEST} bytes"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return wrong("has a character that URLs do not: what is not visible ASCII, and `\\`, is percent-encoded");
        }
        let template = Template::parse(text, place)?;
        let (marked, marks) = mark(text, &template);
        let url = match Url::parse(&marked) {
            Ok(url) => url,
            Err(error) if marks.is_empty() => return wrong(&format!("{} is no URL: {error}", quoted(text))),
            Err(_) => return wrong("is no URL, or has a secret outside of its path"),
        };
        if url.scheme() != "https" || !text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://")) {
            return wrong(&format!("{} does not begin with `https://`", quoted(text)));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("has a user name or a password: they go into the header `Authorization`");
        }
        if url.fragment().is_some() {
            return wrong("has a fragment, which is not sent");
        }
        if dotted(url.path()) {
            return wrong(
                "has a segment of its path that servers may take for `.` or `..`, decoded or without what follows its `;`: \
                 leave it out",
            );
        }
        if marks.iter().any(|(mark, _)| url.path().matches(mark.as_str()).count() != 1) {
            return wrong("has a secret outside of its path");
        }
        Ok(Target { marked: url, marks })
    }

    /// The host, without its port.
    pub fn host(&self) -> &str {
        self.marked.host_str().unwrap_or_default()
    }

    /// The URL in normal form, each secret by its name: what a grant is compared with.
    pub fn shown(&self) -> String {
        let mut text = self.marked.to_string();
        for (mark, name) in &self.marks {
            text = text.replace(mark, &placeholder(name));
        }
        text
    }

    /// The names of the secrets in it.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.marks.iter().map(|(_, name)| name.as_str())
    }

    /// The URL with the values in it. What they bring is part of its path and nothing else.
    pub fn fill(&self, values: &Values) -> Result<Url, Fault> {
        let mut text = self.marked.to_string();
        for (mark, name) in &self.marks {
            let value = values.value(name);
            if !value.bytes().all(is_of_path) {
                return Err(unfit(name, WANTS));
            }
            text = text.replace(mark, value);
        }
        // What the parser changes, such as a segment `..`, would go to another place than the grant is about.
        let unchanged = |url: &Url| url.as_str() == text && url.query() == self.marked.query() && !dotted(url.path());
        let filled = Url::parse(&text).ok().filter(|url| text.len() <= LONGEST && unchanged(url));
        match (filled, self.marks.first()) {
            (Some(url), _) => Ok(url),
            (None, Some((_, name))) => Err(unfit(name, WANTS)),
            (None, None) => Err(invalid("the URL cannot be read")),
        }
    }
}

/// The text with a word in place of each secret that stands nowhere else in it, and that no parser changes.
fn mark(text: &str, template: &Template) -> (String, Vec<(String, String)>) {
    let lower = text.to_ascii_lowercase();
    let word = (0..=text.len()).map(|n| format!("secret{n}x")).find(|word| !lower.contains(word.as_str()));
    let word = word.unwrap_or_default();
    let mut marks: Vec<(String, String)> = vec![];
    let mut marked = String::new();
    for piece in template.pieces() {
        match piece {
            Piece::Text(part) => marked.push_str(part),
            Piece::Secret(name) => {
                let mark = format!("{word}{}y", marks.len());
                marked.push_str(&mark);
                marks.push((mark, name.clone()));
            }
        }
    }
    (marked, marks)
}

/// Whether a path has a segment that some servers read as `.` or `..` although the URL standard does not: they decode what is
/// percent-encoded first, or take `;` and what follows it out of each segment. Grants do not match such URLs either.
fn dotted(path: &str) -> bool {
    let path = path.to_ascii_lowercase().replace("%2e", ".").replace("%3b", ";");
    let path = path.replace("%2f", "/").replace("%5c", "/");
    path.split('/').any(|segment| matches!(segment.split(';').next(), Some("." | "..")))
}

/// The characters of a path (RFC 3986, section 3.3), but for `%`: a value is not percent-encoded twice.
fn is_of_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte)
}

#[cfg(test)]
mod tests {
    use capability::FaultKind;

    use super::*;
    use crate::http::secret::{Secret, SecretValue, Secrets};

    struct One(&'static str);

    impl Secrets for One {
        fn secret(&self, _: &str) -> Result<Option<Secret>, Fault> {
            Ok(Some(Secret { hosts: vec!["h.test".into()], value: SecretValue::new(self.0.into()) }))
        }

        fn bound_to(&self, _: &str) -> Vec<(String, SecretValue)> {
            vec![]
        }
    }

    fn shown(text: &str) -> Result<String, FaultKind> {
        Target::parse(text, "`url`").map(|target| target.shown()).map_err(|fault| fault.kind)
    }

    #[test]
    fn urls_get_their_normal_form() {
        for (given, normal) in [
            ("https://Hooks.Slack.com", "https://hooks.slack.com/"),
            ("HTTPS://h.test:443/a?b=c", "https://h.test/a?b=c"),
            ("https://h.test:8443/a/./b/../c", "https://h.test:8443/a/c"),
            ("https://h.test/%2e%2E/a", "https://h.test/a"),
            ("https://0x7f.1/", "https://127.0.0.1/"),
            ("https://2130706433/", "https://127.0.0.1/"),
            ("https://0177.0.0.1/", "https://127.0.0.1/"),
            ("https://[0:0:0:0:0:0:0:1]/", "https://[::1]/"),
            ("https://h.test/s/${secret:hook}", "https://h.test/s/${secret:hook}"),
            ("https://h.test/${secret:a}/${secret:b}?q", "https://h.test/${secret:a}/${secret:b}?q"),
            ("https://h.test/a;v=1/..b;x/c;..?d=/..;x", "https://h.test/a;v=1/..b;x/c;..?d=/..;x"),
            ("https://h.test/secret0x0y/${secret:a}", "https://h.test/secret0x0y/${secret:a}"),
        ] {
            assert_eq!(shown(given), Ok(normal.into()), "{given}");
        }
    }

    #[test]
    fn what_is_no_url_to_send_to_is_refused() {
        for wrong in [
            "",
            "h.test/a",
            "https:",
            "https://",
            "https:h.test/a",
            "https:/h.test/a",
            "http://h.test/a",
            "ftp://h.test/a",
            "file:///etc/passwd",
            "https://user@h.test/a",
            "https://user:pass@h.test/a",
            "https://h.test/a#b",
            "https://h.test/a b",
            "https://h.test/a\n",
            "https://h.test\\@evil.test/a",
            "https://h\u{0435}.test/a",
            "https://h.test:99999/a",
            "https://[::1/a",
            "https://h.test/a/..;/b",
            "https://h.test/a/..;x=1/b",
            "https://h.test/a/.;x",
            "https://h.test/a/%2e.%3bx/b",
            "https://h.test/a%2f..%2Fb",
            "https://h.test/a%5c..;x/b",
        ] {
            assert_eq!(shown(wrong), Err(FaultKind::Invalid), "{wrong:?}");
        }
        assert!(shown(&format!("https://h.test/{}", "x".repeat(LONGEST))).is_err());
    }

    /// A secret in any other place than the path would go where no grant looks, or where no server expects it.
    #[test]
    fn secrets_stand_in_the_path_only() {
        for wrong in [
            "${secret:a}://h.test/",
            "https://${secret:a}/",
            "https://${secret:a}.h.test/x",
            "https://${secret:a}@h.test/x",
            "https://u:${secret:a}@h.test/x",
            "https://h.test:${secret:a}/x",
            "https:///${secret:a}/x",
            "https:////${secret:a}/x",
            "https://h.test?${secret:a}",
            "https://h.test/x?q=${secret:a}",
            "https://h.test/x#${secret:a}",
            "https://h.test/${secret:a}/../x",
            "https://h.test/${secret:}",
        ] {
            assert_eq!(shown(wrong), Err(FaultKind::Invalid), "{wrong}");
        }
    }

    #[test]
    fn a_value_is_part_of_the_path_and_nothing_else() {
        let fill = |url: &str, value: &'static str| {
            let target = Target::parse(url, "`url`").unwrap();
            let values = Values::get(&One(value), target.secrets(), target.host()).ok().unwrap();
            target.fill(&values).map(|url| url.to_string()).map_err(|fault| (fault.code, fault.message))
        };
        let url = "https://h.test/s/${secret:a}/end?q=1";
        assert_eq!(fill(url, "T0/B0/x~y"), Ok("https://h.test/s/T0/B0/x~y/end?q=1".into()));
        assert_eq!(fill("https://h.test/.${secret:a}", "x"), Ok("https://h.test/.x".into()));
        for value in [
            "..", "../up", "..;x", "a/..;/b", ".;", "a/../b", ".", "a?b", "a#b", "a b", "%2e%2e", "a%2fb", "a\\b",
            "\u{e4}", "a\r\nb", "",
        ] {
            // An empty value in the middle of a path only makes it longer, and is never stored.
            if value.is_empty() {
                continue;
            }
            let (code, message) = fill(url, value).unwrap_err();
            assert_eq!(code, "unfit-secret", "{value:?}");
            assert!(value == "." || value == ".." || !message.contains(value), "{message}");
        }
        assert_eq!(fill("https://h.test/.${secret:a}", ".").unwrap_err().0, "unfit-secret");
        assert_eq!(fill("https://h.test/.${secret:a};x", ".").unwrap_err().0, "unfit-secret");
        assert_eq!(fill("https://h.test/%2e${secret:a}", ".").unwrap_err().0, "unfit-secret");
    }
}
