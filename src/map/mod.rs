//! The maps of `K` lines behind [`crate::rewrite::service::Maps`].
