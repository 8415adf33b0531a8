/* stop.h: signals. Long work asks stop_requested() at safe points, saves and returns; tool_main then ends the process
 * by that same signal. Files being written are unlinked by the handler only when nobody will reach a safe point. */
#ifndef SCIML_BASE_STOP_H
#define SCIML_BASE_STOP_H

#include <stdbool.h>

#include "base/err.h"

/* Install handlers for INT TERM HUP PIPE XCPU; a signal that was ignored at start stays ignored. XFSZ is ignored:
 * writing fails. */
void stop_setup(void);

/* While held, INT TERM HUP XCPU only set a flag (a second one of the same kind ends at once); otherwise they unlink
 * pending files, restore the default and raise again. PIPE always ends at once. Nests. */
void stop_hold(void);
void stop_release(void);

/* The signal that asked us to stop, or 0. Always 0 outside hold. */
int stop_requested(void);

/* Outside hold too: the signal that came while held, -1 if stop_requested has told somebody of the time limit, else 0.
 * Work that stopped for it returns -1 with an empty message. */
int stop_interrupted(void);

/* While allowed, work that counts only when it is whole may be given up in its midst: loops over the time steps of a
 * sample ask stop_check. Training does not allow it: its step ends first and goes into the checkpoint. */
void stop_allow_midway(bool allowed);
/* 0; -1 with "stopped" where that is allowed and a stop is requested. A few nanoseconds, some thirty with a time
 * limit. */
int stop_check(struct err *e);

/* Ask for a stop after `seconds` from now (--time-limit); stop_requested() then returns -1. 0: none. */
void stop_after(double seconds);

/* What to do when the work has been saved: re-raise a real signal (does not return), return 0 for the time limit. */
int stop_finish(void);

/* Temporary files to unlink when a signal ends the process; path is copied; returns a slot for stop_forget. */
int stop_unlink_on_signal(const char *path);
void stop_forget(int slot);
void stop_unlink_pending(void); /* for an end without a signal that cleans up nothing else */

#endif
