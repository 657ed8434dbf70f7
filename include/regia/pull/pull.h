/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/**
 * regia_pull_main: `regia child pull`, which the engine starts for each source that is fetched by HLS, and
 * ends by killing it. What to fetch comes by standard input and not by the command line, which everybody can
 * read: lines "KEY=VALUE" of url, height, language and timeout (ms), then its end. MPEG-TS goes to standard
 * output, see regia_pull_run(); why there is no more of it to standard error, one line. Shut in: it connects,
 * nothing else.
 *
 * Returns: an exit status, never 0.
 */
int regia_pull_main (int argc, char **argv);
