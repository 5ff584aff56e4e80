//! An opened model: many threads, events on the caller's thread, stops, parts, data of every form.

use std::sync::{Arc, Mutex};

use elbo::arrow::array::{ArrayRef, RecordBatchIterator, RecordBatchReader, StringArray};
use elbo::arrow::compute::concat_batches;
use elbo::arrow::record_batch::RecordBatch;
use elbo::{
    Cancel, Data, DecodeRequest, Draw, EditRequest, EncodeRequest, Error, EvaluateRequest, Event, Events,
    ImputeRequest, InterpolateRequest, Model, Part, Phase, ReconstructRequest, Run, RunConfig, SampleRequest,
    ScoreRequest, TraverseRequest, Warning,
};
use elbo_data::builtin::people::Field;

use crate::support::{people, small_model, table, value};

fn silent() -> Events {
    Events::silent()
}

fn given(field: &str, value: &str) -> Vec<(String, String)> {
    vec![(field.to_owned(), value.to_owned())]
}

fn sampled(model: &Model, request: &SampleRequest) -> RecordBatch {
    model.sample(request, &silent()).unwrap().collect_batch().unwrap()
}

#[test]
fn many_threads_get_the_answers_that_one_gets() {
    let model = small_model(&["sex"]);
    let request = |seed| SampleRequest {
        n: Some(3),
        seed,
        ..SampleRequest::default()
    };
    let alone: Vec<RecordBatch> = (0..20).map(|seed| sampled(&model, &request(seed))).collect();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (model, alone) = (model.clone(), &alone);
            scope.spawn(move || {
                for turn in 0..40 {
                    let seed = (thread + turn) % 20;
                    assert_eq!(sampled(&model, &request(seed as u64)), alone[seed]);
                }
            });
        }
    });
}

#[test]
fn few_records_are_the_first_of_many() {
    for given in [vec![], vec!["sex"], vec!["any"]] {
        let model = small_model(&given);
        let first = |n| SampleRequest {
            n: Some(n),
            ..SampleRequest::default()
        };
        let many = sampled(&model, &first(200));
        // Also a last chunk of a few.
        for few in [1, 3, 9, 64, 66] {
            assert_eq!(
                sampled(&model, &first(few)),
                many.slice(0, few),
                "{few}, {given:?}"
            );
        }
    }
}

#[test]
fn events_arrive_on_the_callers_thread_whatever_the_verb() {
    let model = small_model(&["sex"]);
    let data = || Data::from(table(&people(3, 200), |_, field| field != Field::Age));
    let caller = std::thread::current().id();
    let phases = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&phases);
    let events = Events::new(move |event: &Event| {
        assert_eq!(std::thread::current().id(), caller);
        if let Event::PhaseEnd(phase) = event {
            heard.lock().unwrap().push(*phase);
        }
    });
    model
        .sample(&SampleRequest::default(), &events)
        .unwrap()
        .collect_batch()
        .unwrap();
    model
        .impute(&ImputeRequest::new(data()), &events)
        .unwrap()
        .collect_batch()
        .unwrap();
    model
        .encode(&EncodeRequest::new(data()), &events)
        .unwrap()
        .collect_batch()
        .unwrap();
    model
        .score(&ScoreRequest::new(data()), &events)
        .unwrap()
        .collect_batch()
        .unwrap();
    let edit = EditRequest::new(data(), given("sex", "male"));
    model
        .edit(&edit, &events)
        .unwrap()
        .into_records()
        .collect_batch()
        .unwrap();
    model
        .reconstruct(&ReconstructRequest::new(data()), &events)
        .unwrap()
        .for_each(|pair| drop(pair.unwrap()));
    model
        .evaluate(
            &EvaluateRequest {
                samples: 2,
                ..Default::default()
            },
            &events,
        )
        .unwrap();
    let expected = [
        Phase::Decoding,
        Phase::Imputing,
        Phase::Encoding,
        Phase::Calibrating,
        Phase::Scoring,
        Phase::Editing,
        Phase::Reconstructing,
        Phase::Evaluating,
    ];
    assert_eq!(*phases.lock().unwrap(), expected);
}

#[test]
fn every_verb_stops_when_it_is_asked_to() {
    let model = small_model(&["sex"]);
    let data = || Data::from(table(&people(3, 200), |_, _| true));
    let cancel = Cancel::default();
    cancel.request();
    let events = silent().with_cancel(cancel);
    let stopped = |result: Result<(), Error>| assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
    let sample = SampleRequest::default();
    stopped(
        model
            .sample(&sample, &events)
            .and_then(|mut records| records.collect_batch().map(drop)),
    );
    let z = vec![0.0; model.latent()];
    let decode = DecodeRequest {
        z,
        ..Default::default()
    };
    stopped(
        model
            .decode(&decode, &events)
            .and_then(|mut records| records.collect_batch().map(drop)),
    );
    let impute = ImputeRequest::new(data());
    stopped(
        model
            .impute(&impute, &events)
            .and_then(|mut records| records.collect_batch().map(drop)),
    );
    let encode = EncodeRequest::new(data());
    stopped(
        model
            .encode(&encode, &events)
            .and_then(|mut records| records.collect_batch().map(drop)),
    );
    stopped(model.score(&ScoreRequest::new(data()), &events).map(drop));
    let edit = EditRequest::new(data(), given("sex", "male"));
    stopped(
        model
            .edit(&edit, &events)
            .and_then(|edited| edited.into_records().collect_batch().map(drop)),
    );
    let reconstruct = ReconstructRequest::new(data());
    stopped(
        model
            .reconstruct(&reconstruct, &events)
            .and_then(|mut pairs| pairs.try_for_each(|pair| pair.map(drop))),
    );
    stopped(model.evaluate(&EvaluateRequest::default(), &events).map(drop));
    stopped(
        model
            .interpolate(&InterpolateRequest::new(data(), 0, 1), &events)
            .map(drop),
    );
    let traverse = TraverseRequest {
        from: Some((data(), 0)),
        ..Default::default()
    };
    stopped(model.traverse(&traverse, &events).map(drop));
    let mut config = RunConfig::default();
    config.network.hidden = Some(vec![8]);
    stopped(Run::train(data(), &config, &events).map(drop));
}

#[test]
fn parts_joined_are_the_whole() {
    let model = small_model(&["any"]);
    let holes = table(&people(4, 500), |row, field| {
        !(row % 3 == 0 && field == Field::Job)
    });
    let data = Data::from(holes);
    let parts = |verb: &dyn Fn(Option<Part>) -> RecordBatch| {
        let whole = verb(None);
        let parts: Vec<RecordBatch> = (1..=3).map(|k| verb(Some(Part::new(k, 3).unwrap()))).collect();
        assert!(parts.iter().all(|part| part.num_rows() > 0));
        assert_eq!(concat_batches(&whole.schema(), &parts).unwrap(), whole);
    };
    parts(&|part| {
        sampled(
            &model,
            &SampleRequest {
                n: Some(500),
                part,
                ..Default::default()
            },
        )
    });
    parts(&|part| {
        let request = EncodeRequest {
            part,
            ..EncodeRequest::new(data.clone())
        };
        model
            .encode(&request, &silent())
            .unwrap()
            .collect_batch()
            .unwrap()
    });
    parts(&|part| {
        let request = ScoreRequest {
            part,
            samples: 4,
            ..ScoreRequest::new(data.clone())
        };
        model.score(&request, &silent()).unwrap().collect_batch().unwrap()
    });
    for draws in [None, Some(2)] {
        parts(&|part| {
            let request = ImputeRequest {
                part,
                draws,
                ..ImputeRequest::new(data.clone())
            };
            model
                .impute(&request, &silent())
                .unwrap()
                .collect_batch()
                .unwrap()
        });
    }
}

#[test]
fn data_held_and_streamed_give_the_same_answers() {
    let model = small_model(&["sex"]);
    let records = table(&people(5, 300), |_, _| true);
    let reader = || -> Box<dyn RecordBatchReader + Send> {
        let batches = [records.slice(0, 120), records.slice(120, 180)].map(Ok);
        Box::new(RecordBatchIterator::new(batches, records.schema()))
    };
    let encoded = |data: Data| {
        let mut records = model.encode(&EncodeRequest::new(data), &silent()).unwrap();
        records.collect_batch().unwrap()
    };
    let held = encoded(Data::from(records.clone()));
    assert_eq!(encoded(Data::try_from(reader()).unwrap()), held);
    assert_eq!(encoded(Data::streamed(reader()).unwrap()), held);
    assert_eq!(held.num_rows(), 300);
}

#[test]
fn what_encode_finds_decode_gives_back() {
    let model = small_model(&[]);
    let records = table(&people(6, 70), |_, _| true);
    let encode = EncodeRequest::new(records.clone());
    let latents = model.encode(&encode, &silent()).unwrap().collect_batch().unwrap();
    let mean = |unit: usize| latents.column_by_name(&format!("mean_{unit}")).unwrap().clone();
    let means: Vec<ArrayRef> = (0..model.latent()).map(mean).collect();
    let z = (0..70).flat_map(|row| {
        means.iter().map(move |column| {
            let column: &elbo::arrow::array::Float32Array = column.as_any().downcast_ref().unwrap();
            column.value(row)
        })
    });
    let decode = DecodeRequest {
        z: z.collect(),
        draw: Draw::Mean,
        ..Default::default()
    };
    let decoded = model.decode(&decode, &silent()).unwrap().collect_batch().unwrap();
    let reconstruct = ReconstructRequest::new(records);
    let reconstructed = model
        .reconstruct(&reconstruct, &silent())
        .unwrap()
        .into_records()
        .collect_batch()
        .unwrap();
    assert_eq!(decoded, reconstructed);
}

#[test]
fn levels_that_were_not_seen_are_reported_by_every_verb_that_reads() {
    let model = small_model(&["region"]);
    let records = table(&people(7, 100), |_, _| true);
    let regions: ArrayRef = Arc::new(StringArray::from(vec!["moon"; 100]));
    let mut columns = records.columns().to_vec();
    columns[Field::Region as usize] = regions;
    let strange = Data::from(RecordBatch::try_new(records.schema(), columns).unwrap());
    let found = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&found);
    let events = Events::new(move |event: &Event| {
        if let Event::Warning(Warning::UnseenLevels { field, count, .. }) = event {
            heard.lock().unwrap().push((field.clone(), *count));
        }
    });
    let edit = EditRequest::new(strange.clone(), given("region", "coast"));
    model
        .edit(&edit, &events)
        .unwrap()
        .into_records()
        .collect_batch()
        .unwrap();
    let evaluate = EvaluateRequest {
        data: Some(strange.clone()),
        samples: 2,
        ..Default::default()
    };
    model.evaluate(&evaluate, &events).unwrap();
    model
        .encode(&EncodeRequest::new(strange), &events)
        .unwrap()
        .collect_batch()
        .unwrap();
    assert_eq!(*found.lock().unwrap(), vec![("region".to_owned(), 100); 3]);
}

#[test]
fn pictures_and_texts_in_memory_are_learned() {
    let mut config = RunConfig::default();
    config.network.hidden = Some(vec![8]);
    config.training.epochs = Some(1);
    let pixels: Vec<u8> = (0..200 * 16).map(|i| if i % 7 < 3 { 255 } else { 0 }).collect();
    let digits: ArrayRef = Arc::new(StringArray::from_iter_values((0..200).map(|i| ["a", "b"][i % 2])));
    let labels = RecordBatch::try_from_iter([("label", digits)]).unwrap();
    let data = Data::pictures(pixels, [200, 4, 4, 1])
        .unwrap()
        .with(labels)
        .unwrap();
    let mut labelled = config.clone();
    labelled.data.given = vec!["label".to_owned()];
    let model = Run::train(data.clone(), &labelled, &silent()).unwrap();
    let request = SampleRequest {
        n: Some(4),
        given: given("label", "*"),
        ..Default::default()
    };
    let records = sampled(&model, &request);
    let labels: &StringArray = records
        .column_by_name("label")
        .unwrap()
        .as_any()
        .downcast_ref()
        .unwrap();
    assert_eq!(labels.iter().flatten().collect::<Vec<_>>(), ["a", "b", "a", "b"]);
    assert!(
        model
            .evaluate(&EvaluateRequest::default(), &silent())
            .unwrap()
            .nll
            .is_finite()
    );

    let texts = Data::texts((0..200).map(|i| format!("text {}", i % 10))).unwrap();
    let model = Run::train(texts, &config, &silent()).unwrap();
    assert_eq!(sampled(&model, &SampleRequest::default()).num_rows(), 16);
}

#[test]
fn a_temporary_run_goes_with_its_last_model() {
    let model = small_model(&[]);
    let path = model.path().to_owned();
    let clone = model.clone();
    drop(model);
    assert!(path.exists());
    assert_eq!(sampled(&clone, &SampleRequest::default()).num_rows(), 16);
    drop(clone);
    assert!(!path.exists());
}

#[test]
fn a_run_whose_data_were_in_memory_says_so_when_they_are_needed() {
    let model = small_model(&[]);
    let reopened = Model::open(model.path()).unwrap();
    let records = table(&people(8, 10), |_, _| true);
    assert!(value(&sampled(&reopened, &SampleRequest::default()), Field::Age, 0).is_some());
    let scored = reopened.score(&ScoreRequest::new(records), &silent());
    assert!(matches!(scored, Err(Error::NoData)), "{scored:?}");
}
