/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/base/thread.h"

typedef struct {
  GMainContext *context;
  GMainLoop *loop;
  GThread *stranger;
  gboolean ours, strangers;
} Run;

static void
enter (GMainContext *context)
{
  REGIA_ON_THREAD (context);
  g_assert_true (g_main_context_acquire (context)); /* got in */
  g_main_context_release (context);
}

static gpointer
stranger_thread (gpointer user_data)
{
  Run *self = user_data;

  self->strangers = regia_context_is_ours (self->context);
  g_test_expect_message (NULL, G_LOG_LEVEL_CRITICAL, "*regia_context_is_ours*");
  enter (self->context);
  g_test_assert_expected_messages ();
  g_main_loop_quit (self->loop);
  return NULL;
}

static gboolean
run_cb (gpointer user_data)
{
  Run *self = user_data;

  self->ours = regia_context_is_ours (self->context);
  self->stranger = g_thread_new ("stranger", stranger_thread, self);
  return G_SOURCE_REMOVE;
}

static void
test_context (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (context, FALSE);
  g_autoptr (GSource) source = g_idle_source_new ();
  Run run = {context, loop, NULL, FALSE, TRUE};

  g_assert_true (regia_context_is_ours (context));
  g_source_set_callback (source, run_cb, &run, NULL);
  g_source_attach (source, context);
  g_main_loop_run (loop);
  g_thread_join (run.stranger);
  g_assert_true (run.ours);
  g_assert_false (run.strangers);
  g_assert_true (regia_context_is_ours (context));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/thread/context", test_context);
  return g_test_run ();
}
