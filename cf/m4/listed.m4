ifelse(_ARG2_, `discard', `$#discard $: discard', _ARG2_, `quarantine', `$#error $@ quarantine $: _ARG_',
len(X`'_ARG2_), `1', `$#error $@ 5.7.1 $: "550 Rejected: " $&{client_addr} " listed at _ARG_"', `$#error $@ 5.7.1 $: _ARG2_')
