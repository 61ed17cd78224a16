//! The menu bar that a Mac keeps above all windows.
//!
//! Keys are only written in it. AppKit asks each menu's delegate first whether a pressed key is one of the menu's
//! (`menuHasKeyEquivalent:forEvent:target:action:`), and ours says no, so that keys come to the window, where the one table
//! of them decides, and a text that is being written has its own. Only what the system does itself has its keys here.

use std::ffi::c_void;

use crossbeam_channel::Sender;
use objc2::rc::Retained;
use objc2::runtime::{AnyObject, NSObject, NSObjectProtocol, ProtocolObject};
use objc2::{DefinedClass as _, MainThreadMarker, MainThreadOnly, define_class, msg_send, sel};
use objc2_app_kit::{NSApplication, NSEvent, NSEventModifierFlags, NSMenu, NSMenuDelegate, NSMenuItem};
use objc2_foundation::NSString;

use crate::system::menu_bar::{Entry, Item, Key, Menu, MenuBar, OfSystem, Place};

struct Chosen {
    sender: Sender<usize>,
    wake: Box<dyn Fn()>,
}

define_class!(
    // SAFETY: NSObject asks nothing of those that are made of it, and there is no `Drop` here.
    #[unsafe(super(NSObject))]
    #[thread_kind = MainThreadOnly]
    #[name = "InkwickMenus"]
    #[ivars = Chosen]
    struct Keeper;

    // SAFETY: it is an NSObject.
    unsafe impl NSObjectProtocol for Keeper {}

    // SAFETY: the protocol's methods are optional, and its bindings lack the one that is below.
    unsafe impl NSMenuDelegate for Keeper {}

    impl Keeper {
        /// With places for a target and a selector (`id *` and `SEL *`), which it leaves as they are.
        #[unsafe(method(menuHasKeyEquivalent:forEvent:target:action:))]
        fn takes_key(&self, _: &NSMenu, _: &NSEvent, _: *mut c_void, _: *mut c_void) -> bool {
            false
        }

        #[unsafe(method(choose:))]
        fn choose(&self, item: &NSMenuItem) {
            let Ok(number) = usize::try_from(item.tag()) else { return };
            let Chosen { sender, wake } = self.ivars();
            // A window that is gone does nothing.
            let _ = sender.send(number);
            wake();
        }
    }
);

impl Keeper {
    fn new(main_thread: MainThreadMarker, chosen: Chosen) -> Retained<Self> {
        let keeper = Self::alloc(main_thread).set_ivars(chosen);
        // SAFETY: `init` of NSObject takes nothing and gives the object itself.
        unsafe { msg_send![super(keeper), init] }
    }

    /// A menu without entries.
    fn menu(&self, title: &str, takes_keys: bool) -> Retained<NSMenu> {
        let menu = NSMenu::initWithTitle(NSMenu::alloc(self.mtm()), &NSString::from_str(title));
        if !takes_keys {
            menu.setDelegate(Some(ProtocolObject::from_ref(self)));
            menu.setAutoenablesItems(false);
        }
        menu
    }

    /// The whole bar: a new one where what stands where has changed, else the old one with new words.
    fn show(&self, old: &[Menu], new: &[Menu]) {
        let app = NSApplication::sharedApplication(self.mtm());
        let same = old.len() == new.len() && old.iter().zip(new).all(|(old, new)| old.has_shape_of(new));
        if let Some(bar) = app.mainMenu().filter(|_| same) {
            for (place, menu) in (0..).zip(new) {
                if let Some(shown) = bar.itemAtIndex(place).and_then(|item| item.submenu()) {
                    self.renew(&shown, &menu.entries);
                }
            }
            return;
        }
        let bar = self.menu("", true);
        for menu in new {
            let shown = self.filled(menu);
            match menu.place {
                Place::Usual => {}
                Place::Windows => app.setWindowsMenu(Some(&shown)),
                Place::Help => app.setHelpMenu(Some(&shown)),
            }
            let item = NSMenuItem::new(self.mtm());
            item.setTitle(&NSString::from_str(&menu.title));
            item.setSubmenu(Some(&shown));
            bar.addItem(&item);
        }
        app.setMainMenu(Some(&bar));
    }

    fn filled(&self, menu: &Menu) -> Retained<NSMenu> {
        // What the system does has the system's keys, in menus of its own and of the program's name.
        let takes_keys = menu.entries.iter().any(|entry| matches!(entry, Entry::OfSystem(_)));
        let shown = self.menu(&menu.title, takes_keys);
        for entry in &menu.entries {
            let item = match entry {
                Entry::Line => NSMenuItem::separatorItem(self.mtm()),
                Entry::Menu(inner) => {
                    let item = NSMenuItem::new(self.mtm());
                    item.setTitle(&NSString::from_str(&inner.title));
                    item.setSubmenu(Some(&self.filled(inner)));
                    item
                }
                Entry::Item(new) => {
                    let item = NSMenuItem::new(self.mtm());
                    let target: &AnyObject = self;
                    // SAFETY: the selector is this class's and takes the item; the keeper lives as long as the bar.
                    unsafe {
                        item.setTarget(Some(target));
                        item.setAction(Some(sel!(choose:)));
                    }
                    write(&item, new);
                    item
                }
                Entry::OfSystem(what) => self.of_system(*what),
            };
            shown.addItem(&item);
        }
        shown
    }

    fn renew(&self, shown: &NSMenu, entries: &[Entry]) {
        for (place, entry) in (0..).zip(entries) {
            let Some(item) = shown.itemAtIndex(place) else { return };
            match entry {
                Entry::Item(new) => write(&item, new),
                Entry::Menu(inner) => {
                    if let Some(shown) = item.submenu() {
                        self.renew(&shown, &inner.entries);
                    }
                }
                Entry::Line | Entry::OfSystem(_) => {}
            }
        }
    }

    fn of_system(&self, what: OfSystem) -> Retained<NSMenuItem> {
        let item = NSMenuItem::new(self.mtm());
        let command = NSEventModifierFlags::Command;
        let (words, action, key, held) = match what {
            OfSystem::Services => {
                let services = self.menu("Services", true);
                NSApplication::sharedApplication(self.mtm()).setServicesMenu(Some(&services));
                item.setSubmenu(Some(&services));
                ("Services", None, "", command)
            }
            OfSystem::Hide => ("Hide Inkwick", Some(sel!(hide:)), "h", command),
            OfSystem::HideOthers => {
                ("Hide Others", Some(sel!(hideOtherApplications:)), "h", command | NSEventModifierFlags::Option)
            }
            OfSystem::ShowAll => ("Show All", Some(sel!(unhideAllApplications:)), "", command),
            // The usual key is the one of the models here.
            OfSystem::Minimise => ("Minimise", Some(sel!(performMiniaturize:)), "", command),
            OfSystem::Zoom => ("Zoom", Some(sel!(performZoom:)), "", command),
            OfSystem::FullScreen => {
                ("Enter Full Screen", Some(sel!(toggleFullScreen:)), "f", command | NSEventModifierFlags::Control)
            }
            OfSystem::AllToFront => ("Bring All to Front", Some(sel!(arrangeInFront:)), "", command),
        };
        item.setTitle(&NSString::from_str(words));
        // SAFETY: AppKit's own selectors, which take the sender; without a target whoever is in front answers them.
        unsafe { item.setAction(action) };
        item.setKeyEquivalent(&NSString::from_str(key));
        item.setKeyEquivalentModifierMask(held);
        item
    }
}

fn write(item: &NSMenuItem, new: &Item) {
    item.setTitle(&NSString::from_str(&new.words));
    let hint = (!new.hint.is_empty()).then(|| NSString::from_str(&new.hint));
    item.setToolTip(hint.as_deref());
    item.setTag(isize::try_from(new.number).unwrap_or(-1));
    item.setEnabled(new.is_enabled);
    item.setState(isize::from(new.holds));
    let mut held = NSEventModifierFlags::empty();
    let mut sign = String::new();
    if let Some(Key { sign: character, command, option, shift }) = new.key {
        sign.push(character);
        held.set(NSEventModifierFlags::Command, command);
        held.set(NSEventModifierFlags::Option, option);
        held.set(NSEventModifierFlags::Shift, shift);
    }
    item.setKeyEquivalent(&NSString::from_str(&sign));
    item.setKeyEquivalentModifierMask(held);
}

/// The bar above the window, whose choices wake it; `None` anywhere but on the main thread.
#[must_use]
pub fn menu_bar(wake: impl Fn() + 'static) -> Option<MenuBar> {
    let main_thread = MainThreadMarker::new()?;
    let (sender, chosen) = crossbeam_channel::unbounded();
    let keeper = Keeper::new(main_thread, Chosen { sender, wake: Box::new(wake) });
    let mut old: Vec<Menu> = Vec::new();
    let show = move |menus: &[Menu]| {
        keeper.show(&old, menus);
        old = menus.to_vec();
    };
    Some(MenuBar { show: Box::new(show), chosen })
}
