//! m4(1): POSIX m4 and what GNU m4 adds, for the configuration tree in `cf/`.
