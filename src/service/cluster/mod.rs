//! Many machines: nodes share a work queue in NATS `JetStream`, and each one's front can be asked for any job.
//!
//! A job lies in the queue until its outcome is published, and the first outcome of a job is the only one: so a node that
//! dies loses nothing, and what it had done is never done twice. `link` alone speaks to NATS, `work` takes jobs, `front` puts
//! them there and follows them, `hands` is this machine's engine, `names` is what everything is called.

mod front;
mod hands;
mod link;
mod names;
mod node;
mod work;

pub use link::{Fault, Link};
pub use node::{Node, NodeOptions};
pub use work::{Hands, Job, MOST_ATTEMPTS, Made, News, work};
