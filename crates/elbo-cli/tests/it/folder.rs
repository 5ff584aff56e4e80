//! A fresh folder with the binary at hand, and what the binary said.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use image::{Rgb, RgbImage};
use tempfile::TempDir;

/// The smallest training that is one: 48 faces of 8x8, a hidden layer of 8, two latents.
pub(crate) const TINY: &str = "train builtin:faces --records 48 --size 8 --latent 2 --epochs 2 --batch 16 \
                               --set network.kind=dense --set network.hidden=8 --threads 1";

/// A folder that is gone after the test.
pub(crate) struct Folder(TempDir);

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|cause| panic!("{name}: {cause}"))
    }

    /// Writes a file, and the folders on the way.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    /// Draws a small picture that differs from those of other seeds; the name's ending is its format.
    pub(crate) fn picture(&self, name: &str, side: u32, seed: u8) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let shade = |x: u32| (x * 200 / side) as u8;
        RgbImage::from_fn(side, side, |x, y| {
            Rgb([shade(x), shade(y), seed.wrapping_mul(23)])
        })
        .save(path)
        .unwrap();
        self
    }

    /// The binary with the words of `line`, to be started here.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_elbo"));
        command.args(line.split_whitespace()).current_dir(self.0.path());
        // A person's terminal must not change what is compared.
        for name in ["COLUMNS", "CLICOLOR_FORCE", "NO_COLOR", "TERM"] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs `elbo` with the words of `line`.
    pub(crate) fn elbo(&self, line: &str) -> Said {
        let mut said = Said::of(&mut self.command(line));
        // The folder is another at each run: its name is no part of what is compared.
        let root = format!("{}/", self.0.path().display());
        said.stdout = said.stdout.replace(&root, "");
        said.stderr = said.stderr.replace(&root, "");
        said
    }

    /// Runs `elbo` and insists that it works; gives what it wrote to standard output.
    pub(crate) fn done(&self, line: &str) -> String {
        let said = self.elbo(line);
        assert_eq!(said.code, Some(0), "elbo {line}\n{said}");
        said.stdout
    }

    /// Runs `elbo` and insists that it refuses, leaves no trace, and keeps standard output clean.
    pub(crate) fn refused(&self, line: &str) -> Said {
        let before = self.contents();
        let said = self.elbo(line);
        assert_ne!(said.code, Some(0), "elbo {line}\n{said}");
        assert_eq!(said.stdout, "", "elbo {line}");
        assert!(
            self.contents() == before,
            "a refused call changed the folder: elbo {line}\n{said}"
        );
        said
    }

    /// Every file below, with its bytes; folders have none.
    fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut open = vec![self.0.path().to_owned()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => open.push(path.clone()),
                    false => drop(found.insert(path.clone(), std::fs::read(&path).unwrap())),
                }
                found.entry(path).or_default();
            }
        }
        found
    }
}

impl Said {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "exit {code}\n{}{}", self.stdout, self.stderr),
            None => write!(f, "killed\n{}{}", self.stdout, self.stderr),
        }
    }
}
