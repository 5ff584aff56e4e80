//! The words of `builtin:phrases`: what may stand in each place of a sentence.
//!
//! No two entries of a list are alike, and lists of the same place all have the same length: so every
//! style has the same number of sentences, each as likely as any other.

/// How a sentence is put; the field `style`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As friends write.
    Casual,
    /// As an office writes.
    Formal,
    /// As on the high seas.
    Pirate,
    /// As in verse.
    Poetic,
}

impl Style {
    /// Every style, in the order of the alphabet.
    pub const ALL: [Self; 4] = [Self::Casual, Self::Formal, Self::Pirate, Self::Poetic];

    /// The level's name in the data.
    pub fn name(self) -> &'static str {
        match self {
            Self::Casual => "casual",
            Self::Formal => "formal",
            Self::Pirate => "pirate",
            Self::Poetic => "poetic",
        }
    }
}

/// Openings of a style: of a glad sentence, of a sad one.
pub(super) const OPENINGS: [[[&str; 3]; 2]; 4] = [
    [["yay,", "omg,", "hey cool,"], ["ugh,", "oh no,", "meh,"]],
    [
        ["We are pleased that", "We are glad that", "Happily,"],
        ["We regret that", "We are sorry that", "Sadly,"],
    ],
    [["Arr,", "Yo ho,", "Ahoy,"], ["Avast,", "Blimey,", "Curse it,"]],
    [
        ["O joy!", "Behold!", "Rejoice!"],
        ["Alas!", "O sorrow!", "Lament!"],
    ],
];

/// What stands before one thing and before several.
pub(super) const DETERMINERS: [[[&str; 2]; 2]; 4] = [
    [["that", "my"], ["those", "my"]],
    [["the", "this"], ["the", "these"]],
    [["yon", "this 'ere"], ["them", "these 'ere"]],
    [["the", "yonder"], ["the", "yonder"]],
];

/// The verb after one thing and after several; a pirate's is one and the same.
pub(super) const VERBS: [[[&str; 1]; 2]; 4] = [
    [["looks"], ["look"]],
    [["is"], ["are"]],
    [["be"], ["be"]],
    [["lies"], ["lie"]],
];

/// What stands before the adjective.
pub(super) const DEGREES: [[&str; 3]; 4] = [
    ["so", "kinda", "super"],
    ["very", "rather", "most"],
    ["mighty", "right", "plumb"],
    ["ever", "all", "yet"],
];

/// The last words: of a glad sentence, of a sad one.
pub(super) const ENDINGS: [[[&str; 3]; 2]; 4] = [
    [[" lol", " haha", " :)"], [" tbh", " smh", " :("]],
    [
        [", as hoped.", ", with thanks.", ", we trust."],
        [", we fear.", ", with regret.", ", alas."],
    ],
    [
        [", matey!", ", me hearties!", ", lads!"],
        [", ye dogs!", ", ye swabs!", ", by the deep!"],
    ],
    [
        [" at break of day.", " beneath the stars.", " in golden light."],
        [" at fall of night.", " beneath the rain.", " in fading light."],
    ],
];

/// What a sentence is about, by topic: one thing; several have an `s` more.
pub(super) const NOUNS: [[&str; 6]; 4] = [
    ["ship", "wave", "sail", "harbour", "gull", "shore"],
    ["apple", "cake", "pie", "plum", "stew", "bun"],
    ["rose", "tree", "path", "hedge", "lawn", "meadow"],
    ["street", "bell", "tower", "market", "bridge", "square"],
];

/// What is said of a topic: gladly, sadly.
pub(super) const ADJECTIVES: [[[&str; 4]; 2]; 4] = [
    [
        ["calm", "bright", "steady", "safe"],
        ["rough", "grey", "lost", "wild"],
    ],
    [
        ["sweet", "warm", "fresh", "tasty"],
        ["bitter", "cold", "stale", "sour"],
    ],
    [
        ["green", "lovely", "lush", "tidy"],
        ["bare", "withered", "parched", "weedy"],
    ],
    [
        ["merry", "busy", "golden", "clean"],
        ["empty", "silent", "dark", "crooked"],
    ],
];
