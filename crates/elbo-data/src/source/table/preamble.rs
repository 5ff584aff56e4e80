//! What stands in a table's file before its header: the separator as Excel names it, comments and titles.

/// The lines before the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Preamble {
    /// How many bytes they have.
    pub(super) bytes: usize,
    /// How many lines they are.
    pub(super) lines: u64,
    /// The separator that they name.
    pub(super) separator: Option<u8>,
}

impl Preamble {
    /// `sep=;` and the comments at the start of a text; the header may begin with `#` as well.
    pub(super) fn of(head: &[u8]) -> Self {
        let mut found = Self::default();
        let mut lines = head.split_inclusive(|byte| *byte == b'\n').peekable();
        if let Some(separator) = lines.peek().and_then(|line| separator(line)) {
            found.separator = Some(separator);
            found.add(lines.next().unwrap_or_default());
        }
        while let Some(line) = lines.next_if(|line| line.starts_with(b"#")) {
            let header = lines.peek().is_none_or(|next| names(line, next));
            if header {
                break;
            }
            found.add(line);
        }
        found
    }

    fn add(&mut self, line: &[u8]) {
        self.bytes += line.len();
        self.lines += 1;
    }

    /// With the titles up to `bytes` after it.
    pub(super) fn with(self, titles: &[u8]) -> Self {
        Self {
            bytes: self.bytes + titles.len(),
            lines: self.lines + titles.iter().filter(|byte| **byte == b'\n').count() as u64,
            ..self
        }
    }
}

/// The separator of a line such as `sep=;`.
fn separator(line: &[u8]) -> Option<u8> {
    let line = line.trim_ascii_end();
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let line = line.strip_suffix(b"\"").unwrap_or(line);
    match line {
        [s, e, p, b'=', separator] if [*s, *e, *p].eq_ignore_ascii_case(b"sep") => Some(*separator),
        // The tab was trimmed.
        [s, e, p, b'='] if [*s, *e, *p].eq_ignore_ascii_case(b"sep") => Some(b'\t'),
        _ => None,
    }
}

/// Whether a line that begins with `#` names the columns: no blank follows, and it has as many cells as the next line.
fn names(line: &[u8], next: &[u8]) -> bool {
    let cells = |line: &[u8], mark: u8| line.iter().filter(|byte| **byte == mark).count();
    let alike = |mark: &u8| cells(line, *mark) > 0 && cells(line, *mark) == cells(next, *mark);
    let close = line
        .get(1)
        .is_some_and(|byte| !byte.is_ascii_whitespace() && *byte != b'#');
    close && b",;\t|".iter().any(alike)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_the_separator_stand_before_the_header() {
        let of = |head: &'static str| {
            let found = Preamble::of(head.as_bytes());
            (found.lines, found.separator, &head[found.bytes..])
        };
        assert_eq!(of("sep=;\r\na;b\n"), (1, Some(b';'), "a;b\n"));
        assert_eq!(of("# made by us\n# kg, cm\na,b\n"), (2, None, "a,b\n"));
        assert_eq!(of("#id,b\n1,2\n"), (0, None, "#id,b\n1,2\n"));
        assert_eq!(of("a,b\n"), (0, None, "a,b\n"));
    }
}
