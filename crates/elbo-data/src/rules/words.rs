//! Rules as a person writes them. A field whose name has blanks or signs stands in double quotes; within them `\"` is a
//! quote and `\\` a backslash.

use std::fmt;
use std::str::FromStr;

use super::Rule;

/// Signs between names, the longest first.
const SIGNS: [&str; 8] = ["<->", "<=", "->", "<", "+", "=", "~", ","];
/// What a name cannot hold outside of quotes, beside blanks.
const SPECIAL: [char; 8] = ['"', '<', '>', '=', '+', '~', ',', '\\'];

#[derive(Debug, PartialEq)]
enum Token {
    Name(String),
    Sign(&'static str),
}

/// The tokens of a text; none if it has an open quote.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let (name, after) = quoted(&rest[1..])?;
            tokens.push(Token::Name(name));
            rest = after;
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else {
            let end = end_of_name(rest);
            // A sign that means nothing, such as `>`.
            if end == 0 {
                return None;
            }
            tokens.push(Token::Name(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Some(tokens)
}

/// Where a name without quotes ends.
fn end_of_name(text: &str) -> usize {
    let ends = |(at, letter): &(usize, char)| {
        letter.is_whitespace() || SPECIAL.contains(letter) || text[*at..].starts_with("->")
    };
    let end = text.char_indices().find(ends);
    end.map_or(text.len(), |(at, _)| at)
}

/// The name before the closing quote, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((name, &text[at + 1..])),
            '\\' => name.push(letters.next()?.1),
            letter => name.push(letter),
        }
    }
    None
}

/// A name as it stands in a rule.
fn written(name: &str) -> String {
    match !name.is_empty() && end_of_name(name) == name.len() {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost { low, high, strict } => {
                let sign = if *strict { "<" } else { "<=" };
                write!(f, "{} {sign} {}", written(low), written(high))
            }
            Self::Sum { parts, total } => {
                let parts: Vec<String> = parts.iter().map(|part| written(part)).collect();
                write!(f, "{} = {}", parts.join(" + "), written(total))
            }
            Self::Determines { by, of, both } => {
                let sign = if *both { "<->" } else { "->" };
                let by: Vec<String> = by.iter().map(|by| written(by)).collect();
                write!(f, "{} {sign} {}", by.join(", "), written(of))
            }
            Self::Follows { by, of } => write!(f, "{} ~ {}", written(of), written(by)),
        }
    }
}

/// A text is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no rule")]
pub struct NotARule(pub String);

impl FromStr for Rule {
    type Err = NotARule;

    fn from_str(text: &str) -> Result<Self, NotARule> {
        let parsed = tokens(text).and_then(|tokens| parsed(&tokens));
        let distinct = |rule: &Self| {
            let fields = rule.fields();
            (1..fields.len()).all(|at| !fields[..at].contains(&fields[at]))
        };
        parsed.filter(distinct).ok_or_else(|| NotARule(text.to_owned()))
    }
}

fn parsed(tokens: &[Token]) -> Option<Rule> {
    if let [Token::Name(a), Token::Sign(sign), Token::Name(b)] = tokens {
        let (a, b) = (a.clone(), b.clone());
        return match *sign {
            "<=" | "<" => Some(Rule::AtMost {
                low: a,
                high: b,
                strict: *sign == "<",
            }),
            "->" | "<->" => Some(Rule::Determines {
                by: vec![a],
                of: b,
                both: *sign == "<->",
            }),
            "=" => Some(Rule::Sum {
                parts: vec![a],
                total: b,
            }),
            "~" => Some(Rule::Follows { by: b, of: a }),
            _ => None,
        };
    }
    if let [
        Token::Name(a),
        Token::Sign(","),
        Token::Name(b),
        Token::Sign("->"),
        Token::Name(of),
    ] = tokens
    {
        return Some(Rule::Determines {
            by: vec![a.clone(), b.clone()],
            of: of.clone(),
            both: false,
        });
    }
    let [parts @ .., Token::Sign("="), Token::Name(total)] = tokens else {
        return None;
    };
    let names = parts.iter().enumerate().map(|(place, token)| match token {
        Token::Name(name) if place % 2 == 0 => Some(Some(name.clone())),
        Token::Sign("+") if place % 2 == 1 => Some(None),
        _ => None,
    });
    let names: Vec<Option<String>> = names.collect::<Option<_>>()?;
    (parts.len() % 2 == 1).then(|| Rule::Sum {
        parts: names.into_iter().flatten().collect(),
        total: total.clone(),
    })
}

impl TryFrom<String> for Rule {
    type Error = NotARule;

    fn try_from(text: String) -> Result<Self, NotARule> {
        text.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_read_back_as_it_is_written() {
        for text in [
            "start <= end",
            "start < end",
            "price + tax = total",
            "q1 + q2 + q3 + q4 = year",
            "a = b",
            "city -> state",
            "education <-> education-num",
            "origin, dest -> distance",
            "booked_at ~ check_in",
            "\"a~b\" ~ \"c d\"",
            "\"Hours per week\" <= \"a<b\"",
            "\"say \\\"no\\\"\" -> \"c:\\\\d\"",
            "\"a,b\" -> \"\"",
        ] {
            let rule: Rule = text.parse().unwrap();
            assert_eq!(rule.to_string(), text);
        }
    }

    #[test]
    fn blanks_around_signs_are_not_needed() {
        let rule = |text: &str| text.parse::<Rule>().unwrap().to_string();
        assert_eq!(rule("a<=b"), "a <= b");
        assert_eq!(rule(" education->education-num "), "education -> education-num");
        assert_eq!(rule("a+b=c"), "a + b = c");
        assert_eq!(rule("a~b"), "a ~ b");
    }

    #[test]
    fn other_texts_are_no_rules() {
        for text in [
            "",
            "a",
            "a b",
            "a <=",
            "<= b",
            "a <= b <= c",
            "a >= b",
            "a = b = c",
            "a + = c",
            "a + b",
            "a <= a",
            "a + b = a",
            "\"a <= b",
            "a => b",
            "a ~ a",
            "a ~ b ~ c",
            "a, b",
            "a, b -> a",
            "a, b <-> c",
            "a, b, c -> d",
            "a b = c",
        ] {
            assert!(text.parse::<Rule>().is_err(), "{text}");
        }
    }
}
