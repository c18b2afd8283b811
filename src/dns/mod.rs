//! Host names and addresses: the resolver behind [`Resolver`].

/// Name look-ups (the methods come with the resolver).
pub trait Resolver: Send + Sync {}
