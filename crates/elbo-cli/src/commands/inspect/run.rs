//! The report on a run as text: its settings and state, then its last epochs.

use elbo::verbs::inspect::RunReport;

use crate::table::{Align, Table, list, word};

/// Epochs shown; `--json` has them all.
const SHOWN: usize = 10;

pub(super) fn words(found: &RunReport) -> String {
    let (model, training) = (&found.model, &found.training);
    let network = &model.network;
    let mut table = Table::new([Align::Left, Align::Left]);
    table.row(["run".to_owned(), found.run.display().to_string()]);
    table.row(["state".to_owned(), stands(found)]);
    table.row(["data".to_owned(), found.data.source.clone().unwrap_or_default()]);
    table.row([
        "modelled".to_owned(),
        list(model.x.iter().map(|field| &field.name)),
    ]);
    table.row(["given".to_owned(), list(model.y.iter().map(|field| &field.name))]);
    let rules = found.data.rules.iter().flatten();
    if rules.clone().next().is_some() {
        table.row(["rules".to_owned(), list(rules)]);
    }
    table.row([
        "latent".to_owned(),
        format!("{} units, {} prior", model.latent, word(&model.prior)),
    ]);
    let mut layers = format!("{}, hidden {}", word(&network.kind), list(&network.hidden));
    if !network.channels.is_empty() {
        layers += &format!(", channels {}", list(&network.channels));
    }
    table.row(["network".to_owned(), layers]);
    if let Some(weights) = found.weights {
        table.row(["weights".to_owned(), weights.to_string()]);
    }
    let (batch, rate, seed) = (
        training.batch.unwrap_or_default(),
        training.learning_rate.unwrap_or_default(),
        training.seed,
    );
    let beta = found.objective.beta;
    table.row([
        "training".to_owned(),
        format!("batch {batch}, learning rate {rate}, β {beta}, seed {seed}"),
    ]);
    format!("{table}\n{}", history(found))
}

fn stands(found: &RunReport) -> String {
    let run = found.run.display();
    match &found.state {
        None => format!("stopped before its first checkpoint; continue with: elbo train --resume {run}"),
        Some(state) => {
            let epochs = format!(
                "{} of {} epochs, best {}",
                state.epoch,
                found.training.epochs.unwrap_or_default(),
                state.best_epoch
            );
            let next = if state.finished {
                "finished".into()
            } else {
                format!("continue with: elbo train --resume {run}")
            };
            format!("{epochs}; {next}")
        }
    }
}

fn history(found: &RunReport) -> String {
    if found.history.is_empty() {
        return String::new();
    }
    let mut table = Table::new([Align::Right; 6]);
    table.row([
        "epoch",
        "train −ELBO",
        "validation −ELBO",
        "distortion",
        "rate",
        "",
    ]);
    for record in &found.history[found.history.len().saturating_sub(SHOWN)..] {
        let terms = &record.validation;
        let numbers =
            [-record.train.elbo, -terms.elbo, terms.distortion, terms.rate].map(|n| format!("{n:.2}"));
        let [train, validation, distortion, rate] = numbers;
        let best = if record.best { "best" } else { "" };
        table.row([
            record.epoch.to_string(),
            train,
            validation,
            distortion,
            rate,
            best.to_owned(),
        ]);
    }
    table.to_string()
}
