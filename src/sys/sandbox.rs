//! What a process gives up for good: capabilities, the file system outside what it needs (Landlock), system calls it has
//! no use for (seccomp).

use std::io;
use std::path::PathBuf;

/// Drops every capability, from the bounding set too, and forbids gaining any by exec.
pub fn drop_capabilities() -> io::Result<()> {
    // SAFETY: prctl(2) and capset(2) with constant arguments; the header and data are of the kernel's layout, version 3.
    unsafe {
        for capability in 0..64 {
            if libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 {
                break;
            }
        }
        #[repr(C)]
        struct Header {
            version: u32,
            pid: i32,
        }
        let header = Header { version: 0x2008_0522, pid: 0 };
        let data = [[0u32; 3]; 2];
        if libc::syscall(libc::SYS_capset, &header, data.as_ptr()) < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    no_new_privileges()
}

/// No exec of this process or its children gains privileges.
pub fn no_new_privileges() -> io::Result<()> {
    nix::sys::prctl::set_no_new_privs()?;
    Ok(())
}

/// Limits this process to reading below `read` and reading and writing below `write`. `Ok(false)`: the kernel has no
/// Landlock, nothing was limited.
#[cfg(feature = "sandbox")]
pub fn restrict_files(read: &[PathBuf], write: &[PathBuf]) -> Result<bool, String> {
    use landlock::{
        ABI, Access, AccessFs, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, path_beneath_rules,
    };
    let abi = ABI::V3;
    let reading = AccessFs::from_read(abi) & !AccessFs::Execute;
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))
        .and_then(|r| r.create())
        .and_then(|r| r.add_rules(path_beneath_rules(read, reading)))
        .and_then(|r| r.add_rules(path_beneath_rules(write, AccessFs::from_all(abi) & !AccessFs::Execute)))
        .and_then(|r| r.restrict_self())
        .map_err(|e| e.to_string())?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

/// Without the feature nothing is limited.
#[cfg(not(feature = "sandbox"))]
pub fn restrict_files(_: &[PathBuf], _: &[PathBuf]) -> Result<bool, String> {
    Ok(false)
}

/// Forbids system calls that neither `mta` nor `auth` has a use for: starting programs, changing identity, mounting, tracing,
/// loading code into the kernel. They fail with EPERM.
#[cfg(feature = "sandbox")]
pub fn restrict_calls() -> Result<bool, String> {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
    const FORBIDDEN: &[i64] = &[
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_setuid,
        libc::SYS_setgid,
        libc::SYS_setreuid,
        libc::SYS_setregid,
        libc::SYS_setresuid,
        libc::SYS_setresgid,
        libc::SYS_setgroups,
        libc::SYS_capset,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_setns,
        libc::SYS_unshare,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_sethostname,
        libc::SYS_setdomainname,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_personality,
        libc::SYS_quotactl,
        libc::SYS_acct,
    ];
    let arch = std::env::consts::ARCH.try_into().map_err(|e| format!("{e:?}"))?;
    let filter = SeccompFilter::new(
        FORBIDDEN.iter().map(|call| (*call, vec![])).collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM as u32),
        arch,
    )
    .map_err(|e| e.to_string())?;
    let program: BpfProgram = filter.try_into().map_err(|e: seccompiler::BackendError| e.to_string())?;
    seccompiler::apply_filter(&program).map(|()| true).map_err(|e| e.to_string())
}

/// Without the feature nothing is limited.
#[cfg(not(feature = "sandbox"))]
pub fn restrict_calls() -> Result<bool, String> {
    Ok(false)
}
