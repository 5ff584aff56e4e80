//! A sheet of pictures in rows and columns, with labels and a title, as samples and traversals are shown.

use image::imageops::{self, FilterType};
use image::{GenericImage, RgbImage};

use super::Pictures;
use super::block::Block;
use super::colour::{INK, MUTED, PAPER};
use super::text::{self, Anchor, Run, Type};

const TITLE: Type = Type::bold(22.0, INK);
const SUBTITLE: Type = Type::regular(17.0, MUTED);
const LABEL: Type = Type::regular(17.0, INK);
const SUBLABEL: Type = Type::regular(15.0, MUTED);

const MARGIN: u32 = 16;
/// Between a label and its pictures.
const LABEL_GAP: u32 = 10;
/// A row label wider than this ends in an ellipsis.
const LABEL_WIDTH: f32 = 340.0;
/// Small pictures are enlarged to at least this many pixels a side.
const EASILY_SEEN: usize = 84;
/// Larger pictures than this are enlarged smoothly; in smaller ones each pixel is shown as a square.
const SQUARES: usize = 48;
/// Text is as large as suits a sheet this wide, and grows with wider ones, which are shown reduced.
const READ_AT: f32 = 1100.0;
/// No sheet's pictures span more than this: beyond it they are shown smaller.
const LONGEST_SIDE: u64 = 8192;

/// Every pixel of a reduced picture is the mean of those it stands for.
const REDUCED: FilterType = FilterType::Triangle;

/// How a [`grid`] is laid out. The default is a square sheet without labels, small pictures enlarged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridLayout {
    /// Pictures per row; 0 makes the sheet about square.
    pub columns: usize,
    /// One label before each row; later lines of a label (after `\n`) are smaller and gray. May be empty.
    pub row_labels: Vec<String>,
    /// One label above each column, as short as a picture is wide. May be empty.
    pub column_labels: Vec<String>,
    /// Above everything; later lines (after `\n`) are smaller and gray.
    pub title: Option<String>,
    /// Sheet pixels per picture pixel; 0 enlarges small pictures so that they are easily seen
    /// (28 x 28 three times, 64 x 64 twice). A sheet that grew too large is shown smaller.
    pub scale: u32,
    /// Pixels between pictures.
    pub gap: u32,
    /// Rows that belong together, as an original and its reconstruction: after each such group the gap is
    /// wider. 0 or 1 leaves all rows evenly spaced.
    pub group: usize,
}

impl Default for GridLayout {
    fn default() -> Self {
        Self {
            columns: 0,
            row_labels: Vec::new(),
            column_labels: Vec::new(),
            title: None,
            scale: 0,
            gap: 4,
            group: 0,
        }
    }
}

/// Lays `pictures` out row by row; a last row may be part empty.
///
/// Pictures are enlarged by whole factors, small ones so that each pixel is a square. They never span more
/// than 8192 pixels a side: more or larger ones are reduced until they fit.
pub fn grid(pictures: &Pictures, layout: &GridLayout) -> RgbImage {
    let sheet = Sheet::new(pictures, layout);
    let (width, height) = sheet.size();
    let mut image = RgbImage::from_pixel(width, height, PAPER);
    sheet.draw_text(&mut image, layout);
    for (i, picture) in pictures.images().enumerate() {
        let picture = imageops::resize(&picture, sheet.cell.0, sheet.cell.1, sheet.filter);
        let (x, y) = sheet.place(i / sheet.columns, i % sheet.columns);
        image
            .copy_from(&picture, x, y)
            .expect("the sheet was sized to hold every picture");
    }
    image
}

/// Where everything on a sheet goes, in pixels.
#[derive(Debug)]
struct Sheet {
    columns: usize,
    rows: usize,
    /// Width and height of a shown picture.
    cell: (u32, u32),
    filter: FilterType,
    gap: u32,
    group: usize,
    title: Block,
    row_labels: Vec<Block>,
    column_label: Type,
    /// Where the first picture's corner is.
    corner: (u32, u32),
}

impl Sheet {
    fn new(pictures: &Pictures, layout: &GridLayout) -> Self {
        let n = pictures.len();
        let square = n.isqrt() + usize::from(n.isqrt().pow(2) < n);
        let columns = if layout.columns == 0 {
            square
        } else {
            layout.columns.min(n)
        }
        .max(1);
        let rows = n.div_ceil(columns);
        let (cell, filter) = cell(pictures, layout.scale, rows, columns);
        let gap = if filter == REDUCED { 0 } else { layout.gap };
        let wide = columns as f32 * (cell.0 + gap) as f32;
        let zoom = (wide / READ_AT).clamp(1.0, 1.6);
        let title = layout.title.as_deref().unwrap_or_default();
        let title = Block::new(title, TITLE.times(zoom), SUBTITLE.times(zoom), wide.max(READ_AT));
        let block =
            |label: &String| Block::new(label, LABEL.times(zoom), SUBLABEL.times(zoom), LABEL_WIDTH * zoom);
        let row_labels: Vec<Block> = layout.row_labels.iter().take(rows).map(block).collect();
        let left = row_labels
            .iter()
            .map(Block::width)
            .max()
            .map_or(0, |width| width + LABEL_GAP);
        let column_label = LABEL.times(zoom);
        let above = match layout.column_labels.len() {
            0 => 0,
            _ => column_label.cap_height().ceil() as u32 + LABEL_GAP,
        };
        let head = if title.height() > 0 {
            title.height() + MARGIN
        } else {
            0
        };
        let corner = (MARGIN + left, MARGIN + head + above);
        Self {
            columns,
            rows,
            cell,
            filter,
            gap,
            group: layout.group,
            title,
            row_labels,
            column_label,
            corner,
        }
    }

    /// The corner of the picture in `row` and `column`.
    fn place(&self, row: usize, column: usize) -> (u32, u32) {
        let groups = if self.group > 1 { row / self.group } else { 0 };
        (
            self.corner.0 + column as u32 * (self.cell.0 + self.gap),
            self.corner.1 + row as u32 * (self.cell.1 + self.gap) + groups as u32 * (2 * self.gap + 6),
        )
    }

    fn size(&self) -> (u32, u32) {
        let (x, y) = self.place(self.rows.saturating_sub(1), self.columns - 1);
        let width = (x + self.cell.0).max(MARGIN + self.title.width());
        (
            width + MARGIN,
            if self.rows == 0 {
                self.corner.1
            } else {
                y + self.cell.1
            } + MARGIN,
        )
    }

    fn draw_text(&self, image: &mut RgbImage, layout: &GridLayout) {
        self.title.draw(image, (MARGIN, MARGIN));
        for (row, label) in self.row_labels.iter().enumerate() {
            let middle = self.place(row, 0).1 + self.cell.1 / 2;
            label.draw(image, (MARGIN, middle.saturating_sub(label.height() / 2)));
        }
        for (column, label) in layout.column_labels.iter().take(self.columns).enumerate() {
            let label = self.column_label.fitted(label, (self.cell.0 + self.gap) as f32);
            let (x, y) = self.place(0, column);
            let place = ((x + self.cell.0 / 2) as f32, (y - LABEL_GAP) as f32);
            text::draw(
                image,
                &label,
                &self.column_label,
                place,
                Anchor::BOTTOM,
                Run::Across,
            );
        }
    }
}

/// Width and height of a shown picture, and how it is brought to them.
fn cell(pictures: &Pictures, scale: u32, rows: usize, columns: usize) -> ((u32, u32), FilterType) {
    let (width, height) = (pictures.width.max(1) as u64, pictures.height.max(1) as u64);
    let wanted = match scale {
        0 => EASILY_SEEN.div_ceil(pictures.width.max(pictures.height).max(1)) as u64,
        scale => u64::from(scale),
    };
    let side = (width * columns as u64).max(height * rows as u64).max(1);
    let scale = wanted.min(LONGEST_SIDE / side);
    if scale == 0 {
        let part = side.div_ceil(LONGEST_SIDE);
        return (
            ((width / part).max(1) as u32, (height / part).max(1) as u32),
            REDUCED,
        );
    }
    let smooth = pictures.width.max(pictures.height) > SQUARES;
    let filter = if smooth {
        FilterType::CatmullRom
    } else {
        FilterType::Nearest
    };
    (((width * scale) as u32, (height * scale) as u32), filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `n` gray pictures of one pixel value each: 10, 20, 30…
    fn pictures(n: usize, height: usize, width: usize) -> Pictures {
        let pixels = (1..=n)
            .flat_map(|i| vec![(i * 10) as u8; height * width])
            .collect();
        Pictures {
            height,
            width,
            channels: 1,
            pixels,
        }
    }

    fn plain(columns: usize, scale: u32) -> GridLayout {
        GridLayout {
            columns,
            scale,
            gap: 4,
            ..GridLayout::default()
        }
    }

    #[test]
    fn pictures_land_row_by_row() {
        let image = grid(&pictures(5, 2, 3), &plain(3, 2));
        // Three columns of 6 with two gaps of 4, two rows of 4 with one gap, and the margins of 16.
        assert_eq!(image.dimensions(), (16 + 3 * 6 + 2 * 4 + 16, 16 + 2 * 4 + 4 + 16));
        let at = |row: u32, column: u32| image.get_pixel(16 + column * 10, 16 + row * 8).0[0];
        assert_eq!(
            [at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1)],
            [10, 20, 30, 40, 50]
        );
        assert_eq!(at(1, 2), 255, "the last row is part empty");
        assert_eq!(
            image.get_pixel(16 + 5, 16 + 3).0[0],
            10,
            "a picture fills its cell"
        );
        assert_eq!(image.get_pixel(16 + 6, 16 + 3).0[0], 255, "and no more");
    }

    #[test]
    fn the_default_is_square_and_easily_seen() {
        let digits = grid(&pictures(10, 28, 28), &GridLayout::default());
        // ceil(sqrt(10)) = 4 columns, 3 rows, 28 * 3 = 84 pixels each.
        assert_eq!(digits.dimensions(), (32 + 4 * 84 + 3 * 4, 32 + 3 * 84 + 2 * 4));
        let faces = grid(&pictures(1, 64, 64), &GridLayout::default());
        assert_eq!(faces.dimensions(), (32 + 128, 32 + 128));
    }

    #[test]
    fn labels_and_title_take_room_and_are_drawn() {
        let bare = grid(&pictures(4, 28, 28), &plain(2, 1));
        let labelled = GridLayout {
            row_labels: vec!["smile\n4.2 nats".into(), "beard".into()],
            column_labels: vec!["−3".into(), "3".into()],
            title: Some("Traversals".into()),
            ..plain(2, 1)
        };
        let image = grid(&pictures(4, 28, 28), &labelled);
        assert!(image.width() > bare.width() && image.height() > bare.height());
        let other = GridLayout {
            title: Some("Traversed!".into()),
            ..labelled.clone()
        };
        assert_ne!(image, grid(&pictures(4, 28, 28), &other));
        let other = GridLayout {
            row_labels: vec!["smile".into(), "beard".into()],
            ..labelled
        };
        assert_ne!(image, grid(&pictures(4, 28, 28), &other));
    }

    #[test]
    fn groups_of_rows_stand_apart() {
        let pairs = grid(
            &pictures(4, 2, 2),
            &GridLayout {
                group: 2,
                ..plain(1, 1)
            },
        );
        let evenly = grid(&pictures(4, 2, 2), &plain(1, 1));
        assert_eq!(pairs.height() - evenly.height(), 14, "one wider gap: 2 * 4 + 6");
    }

    #[test]
    fn no_pictures_and_no_shape_still_make_an_image() {
        assert!(grid(&Pictures::default(), &GridLayout::default()).width() >= 32);
        let titled = GridLayout {
            title: Some("nothing".into()),
            ..plain(9, 1)
        };
        assert!(grid(&pictures(0, 5, 5), &titled).height() > 32);
    }

    #[test]
    fn a_sheet_never_outgrows_its_limit() {
        // 100 columns of 64 leave room for one pixel per pixel (6400 <= 8192), 200 columns only for half.
        assert_eq!(
            cell(&pictures(1, 64, 64), 0, 100, 100),
            ((64, 64), FilterType::CatmullRom)
        );
        assert_eq!(cell(&pictures(1, 64, 64), 0, 1, 200), ((32, 32), REDUCED));
        assert_eq!(cell(&pictures(1, 2, 2), 0, 1, 100_000).0, (1, 1));
    }
}
