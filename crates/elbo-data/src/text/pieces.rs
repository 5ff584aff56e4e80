//! Cuts a text into words, numbers, punctuation and white space, which together are the text.

/// The most bytes of a piece: merging the bytes of one takes time with the square of their number.
pub(super) const MAX_PIECE: usize = 64;

/// Classes of characters; a run of one class stays together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Space,
    Other,
}

impl Class {
    fn of(character: char) -> Self {
        match character {
            // `don't` is one word.
            '\'' | '’' => Self::Letter,
            _ if character.is_alphabetic() => Self::Letter,
            _ if character.is_numeric() => Self::Digit,
            _ if character.is_whitespace() => Self::Space,
            _ => Self::Other,
        }
    }
}

/// The pieces of a text: runs of one class, each with the single space before it, cut where they are too
/// long. None is empty, and joined they are the text.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, behind) = rest.split_at(first_piece(rest)?);
        rest = behind;
        Some(piece)
    })
}

/// Length of the first piece in bytes.
fn first_piece(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    let behind_space = text.strip_prefix(' ').and_then(|text| text.chars().next());
    let (space, class) = match behind_space.map(Class::of) {
        None | Some(Class::Space) => (0, Class::of(first)),
        Some(class) => (1, class),
    };
    let ends = |(at, character): &(usize, char)| {
        at + character.len_utf8() > MAX_PIECE || (*at >= space && Class::of(*character) != class)
    };
    let end = text.char_indices().find(ends).map_or(text.len(), |(at, _)| at);
    // The last of several spaces belongs to the piece after it.
    let run = &text[..end];
    let lends = class == Class::Space && end > 1 && end < text.len() && run.ends_with(' ');
    Some(if lends { end - 1 } else { end })
}

/// The text with a space before it, so that its first word is the same token as elsewhere.
pub(super) fn with_space(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(" {text}")
    }
}

/// The inverse of [`with_space`].
pub(super) fn without_space(mut text: String) -> String {
    if text.starts_with(' ') {
        text.remove(0);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str) -> Vec<&str> {
        pieces(text).collect()
    }

    #[test]
    fn words_carry_their_space_and_punctuation_stands_alone() {
        assert_eq!(
            cut(" I don't, 25 (or so)..."),
            [" I", " don't", ",", " 25", " (", "or", " so", ")..."]
        );
    }

    #[test]
    fn several_spaces_lend_the_last_one() {
        assert_eq!(cut("a   b\n\nc "), ["a", "  ", " b", "\n\n", "c", " "]);
    }

    #[test]
    fn long_runs_are_cut() {
        let text = "ä".repeat(100);
        // 64 bytes are 32 of these
        let lengths: Vec<_> = pieces(&text).map(|piece| piece.chars().count()).collect();
        assert_eq!(lengths, [32, 32, 32, 4]);
    }

    proptest! {
        #[test]
        fn pieces_are_the_text(text in "[ a-c'1.\n𝔸ä]{0,200}") {
            prop_assert_eq!(pieces(&text).collect::<String>(), text.clone());
            prop_assert!(pieces(&text).all(|piece| !piece.is_empty() && piece.len() <= MAX_PIECE));
            prop_assert_eq!(without_space(with_space(&text)), text);
        }
    }
}
