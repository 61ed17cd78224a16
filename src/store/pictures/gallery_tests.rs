//! No picture is ever written over, and a large gallery is listed at once.

use std::time::Instant;

use super::*;

fn gallery() -> (tempfile::TempDir, Gallery) {
    let home = tempfile::tempdir().unwrap();
    let gallery = Gallery::new(&Paths::under(home.path()));
    (home, gallery)
}

fn picture() -> Picture {
    Picture::filled(8, 8, [10, 20, 30, 255])
}

fn seeded(seed: u64) -> Request {
    Request { prompt: "a fox".into(), seed, ..Request::default() }
}

fn names(day: &GalleryDay) -> Vec<&str> {
    day.pictures.iter().map(|picture| picture.path.file_name().unwrap().to_str().unwrap()).collect()
}

#[test]
fn pictures_are_numbered_and_listed_newest_first() {
    let (_home, gallery) = gallery();
    for seed in [7, 7, 9] {
        gallery.save(&picture(), &seeded(seed)).unwrap();
    }
    let days = gallery.scan().unwrap();
    assert_eq!((days.len(), days[0].title.as_str()), (1, "Today"));
    assert_eq!(names(&days[0]), ["00003-9.png", "00002-7.png", "00001-7.png"]);
    assert_eq!(days[0].pictures[0].seed, Some(9));
    assert_eq!(gallery.read_request(&days[0].pictures[0].path).unwrap(), Some(seeded(9)));
}

#[test]
fn nothing_is_written_over_whatever_lies_there() {
    let (_home, gallery) = gallery();
    let first = gallery.save(&picture(), &seeded(1)).unwrap();
    let folder = first.parent().unwrap();
    fs::write(folder.join("00041-mine.png"), "mine").unwrap();
    fs::write(folder.join(format!("{}-1.png", u64::MAX)), "a time stamp, say").unwrap();
    fs::write(folder.join(".00042.part"), "another program's").unwrap();
    let next = gallery.save(&picture(), &seeded(1)).unwrap();
    assert_eq!(next.file_name().unwrap(), "00043-1.png");
    assert_eq!(fs::read(folder.join("00041-mine.png")).unwrap(), b"mine");
}

#[test]
fn two_savers_at_once_lose_no_picture() {
    let (_home, gallery) = gallery();
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let gallery = gallery.clone();
            scope.spawn(move || (0..10).for_each(|_| drop(gallery.save(&picture(), &seeded(seed)).unwrap())));
        }
    });
    let days = gallery.scan().unwrap();
    let mut numbers: Vec<_> = names(&days[0]).into_iter().map(|name| name[..5].to_owned()).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), 40);
    let folder = days[0].pictures[0].path.parent().unwrap();
    assert_eq!(fs::read_dir(folder).unwrap().count(), 40, "something half-written was left");
}

#[test]
fn days_have_words_and_other_folders_are_left_alone() {
    let (_home, gallery) = gallery();
    assert_eq!(gallery.scan().unwrap(), []);
    for folder in ["2024-02-29", "2023-12-01", "2024-2-28", "holiday", "2022-01-01"] {
        fs::create_dir_all(gallery.pictures_folder().join(folder)).unwrap();
    }
    for file in ["2024-02-29/a.png", "2024-02-29/00002-x.webp", "2024-02-29/notes.txt", "2023-12-01/00001-5.JPG"] {
        fs::write(gallery.pictures_folder().join(file), "").unwrap();
    }
    let days = gallery.scan().unwrap();
    let titles: Vec<_> = days.iter().map(|day| (day.date.as_str(), day.title.as_str())).collect();
    assert_eq!(titles, [("2024-02-29", "29 February 2024"), ("2023-12-01", "1 December 2023")]);
    assert_eq!(names(&days[0]), ["00002-x.webp", "a.png"]);
    assert_eq!(days[1].pictures[0].seed, Some(5));

    let today = "2026-03-01".parse().unwrap();
    assert_eq!(title_of("2026-02-28".parse().unwrap(), today), "Yesterday");
    assert_eq!(title_of("2026-03-02".parse().unwrap(), today), "2 March 2026");
}

#[test]
fn twenty_thousand_pictures_are_listed_at_once() {
    let (_home, gallery) = gallery();
    for day in 1..=20 {
        let folder = gallery.pictures_folder().join(format!("2024-01-{day:02}"));
        fs::create_dir_all(&folder).unwrap();
        (1..=1000).for_each(|number| fs::write(folder.join(format!("{number:05}-{day}.png")), "").unwrap());
    }
    let started = Instant::now();
    let days = gallery.scan().unwrap();
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(days.iter().map(|day| day.pictures.len()).sum::<usize>(), 20_000);
    println!("20,000 pictures listed in {seconds:.3} s");
    assert!(seconds < 3.0, "{seconds} s");
}

#[test]
fn a_picture_is_saved_elsewhere_as_it_is_or_in_another_format() {
    let (home, gallery) = gallery();
    let from = gallery.save(&picture(), &seeded(3)).unwrap();
    let to = home.path().join("copy.png");
    gallery.copy_to(&from, &to).unwrap();
    assert_eq!(fs::read(&to).unwrap(), fs::read(&from).unwrap());
    let to = home.path().join("copy.webp");
    gallery.copy_to(&from, &to).unwrap();
    assert_eq!(picture_file::read(&to).unwrap(), picture());
    assert_eq!(gallery.read_request(&to).unwrap().unwrap().seed, 3);
    assert!(gallery.copy_to(&from, &home.path().join("copy.gif")).is_err());
    assert!(gallery.copy_to(&from, &home.path().join("missing").join("copy.png")).is_err());
    assert!(!home.path().join("copy.gif").exists());
}

#[test]
fn what_is_not_there_cannot_be_thrown_away() {
    let (home, gallery) = gallery();
    let sentence = gallery.delete_to_trash(&home.path().join("missing.png")).unwrap_err().to_string();
    assert!(sentence.contains("trash") && sentence.ends_with("missing.png"), "{sentence}");
}
