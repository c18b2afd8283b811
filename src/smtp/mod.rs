//! SMTP (RFC 5321): the server and client engines, without I/O. LMTP (RFC 2033) is the client with another greeting.
pub mod client;
pub mod codec;
pub mod server;
