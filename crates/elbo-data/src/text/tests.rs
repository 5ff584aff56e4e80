//! What holds for every kind of token, and how the kinds differ.

use super::*;
use proptest::prelude::*;

const KINDS: [TokenizerKind; 3] = [
    TokenizerKind::Characters,
    TokenizerKind::Bpe,
    TokenizerKind::Words,
];

const TEXTS: [&str; 4] = [
    "the cat sat on the mat.",
    "the cat, the dog and the mat",
    "a dog sat on a cat.",
    "",
];

fn fit(kind: TokenizerKind) -> Tokenizer {
    Tokenizer::fit(TEXTS, kind, None).unwrap()
}

#[test]
fn texts_of_what_was_seen_come_back() {
    for kind in KINDS {
        let tokenizer = fit(kind);
        for text in ["the cat sat on the mat.", " the  cat", "cat", ""] {
            let tokens = tokenizer.encode(text);
            assert!(tokens.iter().all(|token| (*token as usize) < tokenizer.size()));
            if !tokens.contains(&UNKNOWN) {
                assert_eq!(tokenizer.decode(&tokens), text, "{kind}");
            }
        }
        assert!(!tokenizer.encode("the cat sat.").contains(&UNKNOWN), "{kind}");
    }
}

#[test]
fn a_word_is_one_token_wherever_it_stands() {
    let words = fit(TokenizerKind::Words);
    let tokens = words.encode("the cat sat on the cat.");
    assert_eq!(tokens.len(), 7);
    assert_eq!(tokens[0], tokens[4]);
    assert_eq!(tokens[1], tokens[5]);
}

#[test]
fn unknown_words_and_characters_are_said_to_be_so() {
    // `and` and `,` were seen once, `Q` never
    assert_eq!(fit(TokenizerKind::Words).encode("and"), [UNKNOWN]);
    let words = fit(TokenizerKind::Words);
    assert_eq!(words.decode(&words.encode("the Qat sat")), "the \u{fffd} sat");
    let characters = fit(TokenizerKind::Characters);
    assert_eq!(characters.decode(&characters.encode("Qat")), "\u{fffd}at");
}

#[test]
fn frequent_sequences_become_one_token() {
    let text = "the the the the";
    let bpe = Tokenizer::fit([text], TokenizerKind::Bpe, Some(300)).unwrap();
    // ` t`, ` th` and ` the`, of 4 occurrences each, in whatever order: 256 + 4 + 3
    assert_eq!(bpe.size(), 263);
    assert_eq!(bpe.encode(text), [262; 4]);
}

#[test]
fn the_text_ends_at_the_first_end() {
    let tokenizer = fit(TokenizerKind::Characters);
    let cat = tokenizer.encode("cat");
    let row = [&[BEGIN], cat.as_slice(), &[END, PAD, 7]].concat();
    assert_eq!(tokenizer.decode(&row), "cat");
}

#[test]
fn tokens_beyond_the_vocabulary_are_unknown() {
    for kind in KINDS {
        let tokenizer = fit(kind);
        let beyond = tokenizer.size() as u32;
        assert_eq!(tokenizer.decode(&[beyond]), "\u{fffd}", "{kind}");
        assert_eq!(tokenizer.decode(&[UNKNOWN]), "\u{fffd}", "{kind}");
    }
}

#[test]
fn the_same_texts_in_any_order_give_the_same_tokens() {
    for kind in KINDS {
        let reversed = Tokenizer::fit(TEXTS.iter().rev(), kind, None).unwrap();
        assert_eq!(
            serde_json::to_string(&reversed).unwrap(),
            serde_json::to_string(&fit(kind)).unwrap()
        );
    }
}

#[test]
fn the_size_is_kept_to() {
    let texts = || TEXTS.iter().cycle().take(8000);
    assert_eq!(
        Tokenizer::fit(texts(), TokenizerKind::Bpe, Some(265))
            .unwrap()
            .size(),
        265
    );
    assert_eq!(
        Tokenizer::fit(texts(), TokenizerKind::Words, Some(7))
            .unwrap()
            .size(),
        7
    );
    assert_eq!(
        Tokenizer::fit(texts(), TokenizerKind::Characters, Some(5))
            .unwrap()
            .size(),
        5
    );
}

#[test]
fn json_brings_a_tokenizer_back() {
    for kind in KINDS {
        let tokenizer = Tokenizer::fit(TEXTS.repeat(500), kind, None).unwrap();
        let json = serde_json::to_string(&tokenizer).unwrap();
        let back: Tokenizer = serde_json::from_str(&json).unwrap();
        assert_eq!(back, tokenizer);
        assert_eq!(back.damage(), None);
        assert_eq!(kind.to_string().parse::<TokenizerKind>().unwrap(), kind);
    }
}

#[test]
fn damage_is_found() {
    let damage = |json: &str| serde_json::from_str::<Tokenizer>(json).unwrap().damage();
    for json in [
        r#"{"tokens": "characters", "characters": []}"#,
        r#"{"tokens": "characters", "characters": ["b", "a"]}"#,
        r#"{"tokens": "words", "words": ["a", "a"]}"#,
        r#"{"tokens": "words", "words": [""]}"#,
        // of itself, of a special token, of one that does not exist, and twice
        r#"{"tokens": "bpe", "merges": [[260, 101]]}"#,
        r#"{"tokens": "bpe", "merges": [[3, 101]]}"#,
        r#"{"tokens": "bpe", "merges": [[101, 4294967295]]}"#,
        r#"{"tokens": "bpe", "merges": [[101, 101], [101, 101]]}"#,
        // 2⁷ bytes
        r#"{"tokens": "bpe", "merges": [[101, 101], [260, 260], [261, 261], [262, 262], [263, 263],
            [264, 264], [265, 265]]}"#,
    ] {
        assert!(damage(json).is_some(), "{json}");
    }
    assert!(damage(r#"{"tokens": "bpe", "merges": [[101, 101], [260, 260]]}"#).is_none());
}

#[test]
fn lengths_are_of_the_longest_and_the_mean() {
    let mut lengths = Lengths::default();
    assert_eq!(lengths.mean(), 0.0);
    for tokens in [3, 0, 6] {
        lengths.push(tokens);
    }
    assert_eq!((lengths.longest, lengths.mean()), (6, 3.0));
}

proptest! {
    #[test]
    fn byte_pair_tokens_bring_any_text_back(text in ".{0,60}", fitted in "[ a-c]{0,60}") {
        let bpe = Tokenizer::fit([fitted.repeat(50)], TokenizerKind::Bpe, Some(300)).unwrap();
        prop_assert_eq!(bpe.decode(&bpe.encode(&text)), text);
    }
}
