//! A few lines of text that belong together: the first says what, the others explain, smaller and gray.

use image::RgbImage;

use super::text::{self, Anchor, LINE_HEIGHT, Run, Type};

/// Lines below each other, as they are drawn.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    lines: Vec<(String, Type)>,
}

impl Block {
    /// The lines of `text`, the first in one type, the others in another, none wider than `limit` pixels.
    pub(crate) fn new(text: &str, first: Type, others: Type, limit: f32) -> Self {
        let styles = std::iter::once(first).chain(std::iter::repeat(others));
        Self {
            lines: text
                .lines()
                .zip(styles)
                .map(|(line, style)| (style.fitted(line, limit), style))
                .collect(),
        }
    }

    /// Width of the widest line in pixels.
    pub(crate) fn width(&self) -> u32 {
        self.lines
            .iter()
            .map(|(line, style)| style.width(line))
            .fold(0.0, f32::max)
            .ceil() as u32
    }

    /// From the top of the first line's capitals to the last baseline, in pixels.
    pub(crate) fn height(&self) -> u32 {
        let Some(((_, last), above)) = self.lines.split_last() else {
            return 0;
        };
        let above: f32 = above.iter().map(|(_, style)| style.size * LINE_HEIGHT).sum();
        (above + last.cap_height()).ceil() as u32
    }

    /// Draws the lines with the block's upper left corner at `(x, y)`.
    pub(crate) fn draw(&self, image: &mut RgbImage, (x, y): (u32, u32)) {
        let mut top = y as f32;
        for (line, style) in &self.lines {
            text::draw(image, line, style, (x as f32, top), Anchor::TOP_LEFT, Run::Across);
            top += style.size * LINE_HEIGHT;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::colour::{INK, MUTED};

    #[test]
    fn lines_add_up() {
        let (first, others) = (Type::bold(20.0, INK), Type::regular(10.0, MUTED));
        let block = |text: &str| Block::new(text, first, others, 100.0);
        assert_eq!((block("").width(), block("").height()), (0, 0));
        // Capitals of 0.714 * 20 = 14.28; a second line stands 20 * 1.35 = 27 lower, with capitals of 7.14.
        assert_eq!(block("one").height(), 15);
        assert_eq!(block("one\ntwo").height(), 35);
        assert!(block("a line much too long for so little room").width() <= 100);
    }
}
