//! What is kept comes back as it was, in order, and what is damaged harms nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{LeftBehind, QueueError, QueueKeeper};
use crate::job::{
    Compute, Destination, InitPicture, InpaintMask, JobId, JobKeeper, JobNote, Keep, KeptJob, Request, StepState, Task,
};
use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::sampling::{History, SchedulerName};

fn open(folder: &Path) -> (QueueKeeper, LeftBehind) {
    let keeper = QueueKeeper::open_with(folder, Arc::new(|| {}), Duration::from_millis(5)).unwrap();
    assert_eq!(keeper.flush(), None);
    let left = keeper.take_left().unwrap();
    (keeper, left)
}

fn task(words: &str) -> Task {
    let picture = Arc::new(Picture::filled(9, 7, [3, 1, 4, 0]));
    let plane = Arc::new(MaskPlane::from_values(9, 7, vec![255; 63]).unwrap());
    let init = Some(InitPicture { picture, strength: 0.5 });
    Request { prompt: words.into(), init, mask: Some(InpaintMask { plane }), ..Request::default() }.into()
}

fn words(job: &KeptJob) -> &str {
    let request = job.task.request();
    &request.prompt
}

fn add(keeper: &QueueKeeper, job: u64, words: &str) {
    let note = JobNote { press: 7, name: format!("name of {words}") };
    keeper.add(JobId(job), &task(words), &Destination::Gallery, Keep::New(note));
}

fn state(next_call: u32) -> Arc<StepState> {
    Arc::new(StepState {
        scheduler: SchedulerName::Euler,
        calls: 20,
        next_call,
        latents: vec![0.25; 64],
        history: History::default(),
        noise: vec![1, 2, 3],
        level: Some([0.5, 0.25]),
        compute: Compute::default(),
    })
}

fn files(folder: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "lock" && name != "order.json").collect()
}

#[test]
fn what_waits_comes_back_in_its_order_and_what_ended_does_not() {
    let home = tempfile::tempdir().unwrap();
    {
        let (keeper, LeftBehind { jobs, .. }) = open(home.path());
        assert!(jobs.is_empty());
        for (job, words) in [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")] {
            add(&keeper, job, words);
        }
        keeper.order(&[1, 2, 3, 4, 5].map(JobId));
        keeper.end(JobId(2));
        keeper.begin(JobId(4));
        keeper.reach(JobId(4), &state(3));
        // The one that runs stands before those that wait, some of which nobody keeps.
        keeper.order(&[5, 99, 1, 3].map(JobId));
    }
    let (keeper, LeftBehind { jobs, notices }) = open(home.path());
    assert_eq!(jobs.iter().map(words).collect::<Vec<_>>(), ["d", "e", "a", "c"]);
    assert!(notices.is_empty(), "{notices:?}");
    let begun = jobs[0].task.request();
    assert_eq!(begun.from_step.as_deref(), Some(&*state(3)));
    assert_eq!(jobs[1].task, task("e"));
    assert_eq!(jobs[1].note, JobNote { press: 7, name: "name of e".into() });
    // Known by other numbers in this run.
    for (job, kept) in (11..).zip(&jobs) {
        keeper.add(JobId(job), &kept.task, &kept.destination, Keep::Known(kept.key));
    }
    keeper.order(&[11, 12, 13, 14].map(JobId));
    for job in [11, 12, 13, 14] {
        keeper.end(JobId(job));
    }
    drop(keeper);
    assert_eq!(files(home.path()), BTreeSet::new());
}

#[test]
fn all_that_runs_at_once_comes_back_before_what_waits() {
    let home = tempfile::tempdir().unwrap();
    {
        let keeper = open(home.path()).0;
        for (job, words) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] {
            add(&keeper, job, words);
        }
        keeper.order(&[1, 2, 3, 4].map(JobId));
        keeper.begin(JobId(1));
        keeper.begin(JobId(2));
        keeper.reach(JobId(2), &state(3));
        keeper.order(&[4, 3].map(JobId));
        // One device has handed its job to another, for which it waits.
        keeper.order(&[2, 4, 3].map(JobId));
    }
    let jobs = open(home.path()).1.jobs;
    assert_eq!(jobs.iter().map(words).collect::<Vec<_>>(), ["a", "b", "d", "c"]);
    assert_eq!(jobs[1].task.request().from_step.as_deref(), Some(&*state(3)));
}

#[test]
fn a_batch_shares_its_picture_as_before() {
    let home = tempfile::tempdir().unwrap();
    {
        let keeper = open(home.path()).0;
        add(&keeper, 1, "a");
        add(&keeper, 2, "b");
    }
    let jobs = open(home.path()).1.jobs;
    let [one, other] = [jobs[0].task.request(), jobs[1].task.request()];
    let pictures = [one, other].map(|request| &request.init.as_ref().unwrap().picture);
    let planes = [one, other].map(|request| &request.mask.as_ref().unwrap().plane);
    assert!(Arc::ptr_eq(pictures[0], pictures[1]) && Arc::ptr_eq(planes[0], planes[1]));
}

#[test]
fn a_damaged_job_is_set_aside_with_a_notice_and_the_others_run() {
    let home = tempfile::tempdir().unwrap();
    let written = |folder: &Path| {
        let keeper = open(folder).0;
        for (job, words) in [(1, "a"), (2, "b"), (3, "c")] {
            add(&keeper, job, words);
        }
        keeper.order(&[1, 2, 3].map(JobId));
    };
    written(home.path());
    let whole = fs::read(home.path().join("2.job")).unwrap();
    // Cut off anywhere, empty, with a byte changed anywhere, longer, and of another kind altogether.
    let mut damages: Vec<Vec<u8>> = (0..whole.len()).step_by(13).map(|end| whole[..end].to_vec()).collect();
    damages.extend((0..whole.len()).step_by(7).map(|at| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        bytes
    }));
    damages.push([&whole[..], &[0]].concat());
    damages.push(b"hello".to_vec());
    for damage in damages {
        fs::write(home.path().join("2.job"), &damage).unwrap();
        let (_, LeftBehind { jobs, notices }) = open(home.path());
        assert_eq!(jobs.iter().map(words).collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(notices.len(), 1);
        assert!(notices[0].message.contains("damaged") && notices[0].message.contains("set-aside"), "{notices:?}");
        assert!(!home.path().join("2.job").exists());
        assert_eq!(fs::read(home.path().join("set-aside/2.job")).unwrap(), damage);
    }
}

#[test]
fn a_damaged_step_or_order_costs_no_job() {
    let home = tempfile::tempdir().unwrap();
    {
        let keeper = open(home.path()).0;
        add(&keeper, 1, "a");
        add(&keeper, 2, "b");
        keeper.order(&[2, 1].map(JobId));
        keeper.begin(JobId(2));
        keeper.reach(JobId(2), &state(9));
    }
    fs::write(home.path().join("order.json"), b"{\"order\": [2,").unwrap();
    let step = home.path().join("2.step");
    let cut = fs::read(&step).unwrap();
    fs::write(&step, &cut[..cut.len() - 1]).unwrap();
    let (_, LeftBehind { jobs, notices }) = open(home.path());
    assert_eq!(jobs.iter().map(words).collect::<Vec<_>>(), ["a", "b"], "in the order in which they were added");
    let begun = jobs[1].task.request();
    assert!(begun.from_step.is_none());
    assert!(notices.len() == 1 && notices[0].message.contains("begun anew"), "{notices:?}");
}

#[test]
fn what_an_interrupted_write_left_is_taken_away() {
    let home = tempfile::tempdir().unwrap();
    open(home.path());
    for name in [".inkwick-1-0.part", ".inkwick-99999-7.part", "5.step"] {
        fs::write(home.path().join(name), b"half").unwrap();
    }
    open(home.path());
    assert_eq!(files(home.path()), BTreeSet::new());
}

#[test]
fn a_job_that_always_ends_the_program_is_set_aside() {
    let home = tempfile::tempdir().unwrap();
    {
        let keeper = open(home.path()).0;
        add(&keeper, 1, "a");
        add(&keeper, 2, "b");
        keeper.order(&[1, 2].map(JobId));
    }
    // As a program that is killed leaves it: begun, and neither a step nor an end.
    for begun in 1..=10 {
        fs::write(home.path().join("order.json"), format!(r#"{{"order": [1, 2], "begun": {{"1": {begun}}}}}"#))
            .unwrap();
        let (_, LeftBehind { jobs, notices }) = open(home.path());
        let is_last = begun == 10;
        assert_eq!(jobs.len(), if is_last { 1 } else { 2 }, "{begun}");
        assert_eq!(notices.iter().any(|notice| notice.message.contains("10 times")), is_last);
    }
    assert!(home.path().join("set-aside/1.job").exists());
}

#[test]
fn one_program_at_a_time_keeps_a_queue() {
    let home = tempfile::tempdir().unwrap();
    let first = open(home.path());
    let second = QueueKeeper::open(home.path(), Arc::new(|| {}));
    assert!(matches!(second, Err(QueueError::InUse(_))));
    drop(first);
    open(home.path());
}

#[test]
fn a_disk_that_does_not_take_a_job_is_reported_once() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("queue");
    let keeper = open(&folder).0;
    // Not even root can write into what is gone.
    fs::remove_dir_all(&folder).unwrap();
    add(&keeper, 1, "a");
    add(&keeper, 2, "b");
    assert!(keeper.flush().is_some_and(|sentence| sentence.contains("for the next start")));
    let problem = keeper.take_problem().unwrap();
    assert!(problem.message.contains("for the next start"), "{problem}");
    assert!(keeper.take_problem().is_none());
    fs::create_dir_all(&folder).unwrap();
    add(&keeper, 3, "c");
    assert_eq!(keeper.flush(), None);
    assert!(keeper.take_problem().is_none());
    assert!(
        files(&folder).iter().any(|name| std::path::Path::new(name).extension().is_some_and(|ending| ending == "job"))
    );
}
