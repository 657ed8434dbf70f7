/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/config/pipeline.h"

#include <glib/gstdio.h>
#include <string.h>

#include "regia/base/error.h"
#include "regia/config/config.h"

#define HEAD "# summary: A test\n# needs: fakesrc\n"

typedef struct {
  char *folder;
  char *capture;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("regia-pipelines-XXXXXX", &error);
  g_assert_no_error (error);
  self->capture = g_build_filename (self->folder, "capture", NULL);
  g_assert_cmpint (g_mkdir (self->capture, 0700), ==, 0);
  g_setenv ("REGIA_PIPELINES", self->folder, TRUE);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  const char *kinds[] = {"capture", "encode"};

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autofree char *path = g_build_filename (self->folder, kinds[i], NULL);
    g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
      g_autofree char *file = g_build_filename (path, name, NULL);

      g_remove (file);
    }
    g_rmdir (path);
  }
  g_rmdir (self->folder);
  g_free (self->folder);
  g_free (self->capture);
}

static void
write_file (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static RegiaPipelineFile *
load_text (Fixture *self, const char *text, GError **error)
{
  write_file (self->capture, "one.pipeline", text);
  return regia_pipeline_file_load ("capture", "one", error);
}

static void
test_load (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaPipelineFile) file = load_text (
      self,
      "# SPDX-License-Identifier: GPL-3.0-or-later\n# summary: A camera\n# needs: rtspsrc  decodebin\n"
      "# param location      address of the camera\n# param user=         user name\n"
      "# param password=     secret, its password\n# param clip=/a  file, what is played\n"
      "# param text=\"a b\"  what is shown\n# A remark that is none of these.\n"
      "rtspsrc location={location} user-id={user} user-pw={password} clip={clip} text={text}\n"
      "# another\n  ! decodebin name=video\n",
      &error);
  const RegiaPipelineParam *param;

  g_assert_no_error (error);
  g_assert_cmpstr (file->name, ==, "one");
  g_assert_cmpstr (file->kind, ==, "capture");
  g_assert_cmpstr (file->summary, ==, "A camera");
  g_assert_cmpstr (file->needs[0], ==, "rtspsrc");
  g_assert_cmpstr (file->needs[1], ==, "decodebin");
  g_assert_null (file->needs[2]);
  g_assert_true (file->gives_video);
  g_assert_false (file->gives_audio);
  g_assert_cmpuint (file->params->len, ==, 5);
  param = g_ptr_array_index (file->params, 0);
  g_assert_cmpstr (param->name, ==, "location");
  g_assert_null (param->default_value);
  g_assert_cmpstr (param->help, ==, "address of the camera");
  param = g_ptr_array_index (file->params, 1);
  g_assert_cmpstr (param->default_value, ==, "");
  param = g_ptr_array_index (file->params, 2);
  g_assert_true (param->secret);
  g_assert_cmpstr (param->help, ==, "its password");
  param = g_ptr_array_index (file->params, 3);
  g_assert_true (param->file);
  g_assert_cmpstr (param->default_value, ==, "/a");
  param = g_ptr_array_index (file->params, 4);
  g_assert_cmpstr (param->default_value, ==, "a b");
  g_assert_null (strchr (file->text, '#'));
}

static const struct {
  const char *text;
  const char *where;
  const char *remedy;
} bad_files[] = {
    {"", ": holds no pipeline", "write gst-launch text"},
    {"# needs: a\nfakesrc name=video\n", ": no summary", "# summary:"},
    {HEAD "# clock: mine\nfakesrc name=video\n", ":3: clock \"mine\" is unknown", "# clock: sender"},
    {"# summary: a\nfakesrc name=video\n", ": does not say which elements", "# needs:"},
    {HEAD "fakesrc\n", ": no element is called", "name=video"},
    {HEAD "fakesrc num-buffers={n} name=video\n", ": {n} is not explained", "# param n="},
    {HEAD "# param n=1  how many\nfakesrc name=video\n", ": parameter \"n\" is used nowhere", "{n}"},
    {HEAD "# param n=1\nfakesrc num-buffers={n} name=video\n", ":3: parameter \"n\": nothing says",
     "add that"},
    {HEAD "# param n=1  a\n# param n=2  b\nfakesrc num-buffers={n} name=video\n",
     ":4: parameter \"n\": double name", "remove one"},
    {HEAD "# param N=1  a\nfakesrc name=video\n", ":3: not a parameter", "# param name=default"},
    {HEAD "# param n=\"1 2  a\nfakesrc a={n} name=video\n", ":3: parameter \"n\": its default is not closed",
     "add a"},
    {HEAD "# param n=1  a\n{n} name=video\n", ": {n} stands where no value can be", "property={param}"},
    {HEAD "# param n=1  a\nfake{n} name=video\n", ": {n} stands where no value can be", "property={param}"},
    {HEAD "# param n=1  a\nfakesrc name=video ! {n}\n", ": {n} stands where no value can be",
     "property={param}"},
    {HEAD "fakesrc name=\xff video\n", ": no text in UTF-8", "check which file"},
};

static void
test_bad_files (Fixture *self, gconstpointer data)
{
  g_autofree char *path = g_build_filename (self->capture, "one.pipeline", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (bad_files); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (RegiaPipelineFile) file = load_text (self, bad_files[i].text, &error);
    g_autofree char *expected = g_strconcat (path, bad_files[i].where, NULL);

    g_assert_null (file);
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
    g_test_message ("%s", error->message);
    if (strstr (error->message, expected) == NULL)
      g_error ("no \"%s\" in: %s", expected, error->message);
    g_assert_nonnull (strstr (strstr (error->message, expected), bad_files[i].remedy));
  }
}

static void
test_lookup (Fixture *self, gconstpointer data)
{
  static const char *const not_names[] = {"../capture/one", "/etc/passwd", ".one", "", "a/b",
                                          "missing",        NULL};
  g_autofree char *path = g_build_filename (self->capture, "one.pipeline", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaPipelineFile) by_name = load_text (self, HEAD "fakesrc name=audio\n", &error);
  g_autoptr (RegiaPipelineFile) by_path = NULL;

  g_assert_no_error (error);
  by_path = regia_pipeline_file_load ("capture", path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (by_path->path, ==, by_name->path);
  g_assert_cmpstr (by_path->name, ==, "one");
  for (guint i = 0; not_names[i] != NULL; i++) {
    g_autoptr (GError) none = NULL;
    g_autoptr (RegiaPipelineFile) file = regia_pipeline_file_load ("capture", not_names[i], &none);

    g_assert_null (file);
    g_assert_error (none, REGIA_ERROR, REGIA_ERROR_CONFIG);
    g_assert_nonnull (strstr (none->message, "regia pipelines"));
  }
}

static void
test_list (Fixture *self, gconstpointer data)
{
  g_autofree char *encode = g_build_filename (self->folder, "encode", NULL);
  g_autoptr (GPtrArray) faults = NULL;
  g_autoptr (GPtrArray) files = NULL;

  g_assert_cmpint (g_mkdir (encode, 0700), ==, 0);
  write_file (self->capture, "b.pipeline", HEAD "fakesrc name=video\n");
  write_file (self->capture, "a.pipeline", HEAD "fakesrc name=audio\n");
  write_file (self->capture, "broken.pipeline", HEAD);
  write_file (self->capture, "notes.txt", "not one of them");
  write_file (encode, "e.pipeline", HEAD "identity name=in ! identity name=out\n");
  files = regia_pipeline_file_list (&faults);
  g_assert_cmpuint (files->len, ==, 3);
  g_assert_cmpstr (((RegiaPipelineFile *)files->pdata[0])->name, ==, "a");
  g_assert_cmpstr (((RegiaPipelineFile *)files->pdata[1])->name, ==, "b");
  g_assert_cmpstr (((RegiaPipelineFile *)files->pdata[2])->kind, ==, "encode");
  g_assert_cmpuint (faults->len, ==, 1);
  g_assert_nonnull (strstr (faults->pdata[0], "broken.pipeline"));
}

static const struct {
  const char *place; /* text around {v} */
  const char *value;
  const char *expected; /* NULL: refused */
} expansions[] = {
    {"fakesrc a={v} name=video", "word", "fakesrc a=word name=video"},
    {"fakesrc a={v} name=video", "/dev/video0", "fakesrc a=/dev/video0 name=video"},
    {"fakesrc a={v} name=video", "", "fakesrc a=\"\" name=video"},
    {"fakesrc a={v}000 name=video", "", "fakesrc a=000 name=video"},
    {"fakesrc a={v}000 name=video", "128", "fakesrc a=128000 name=video"},
    {"fakesrc a = {v} name=video", "", "fakesrc a = \"\" name=video"},
    {"fakesrc a={v} name=video", "a b", "fakesrc a=a\\ b name=video"},
    {"fakesrc a={v} name=video", "x ! filesink location=/etc/passwd",
     "fakesrc a=x\\ \\!\\ filesink\\ location\\=/etc/passwd name=video"},
    {"fakesrc a={v} name=video", "\"x\"", NULL},
    {"fakesrc a={v} name=video", "x\" y='z'", "fakesrc a=x\\\"\\ y\\=\\'z\\' name=video"},
    {"fakesrc a={v} name=video", "perché", "fakesrc a=perché name=video"},
    {"fakesrc a={v} name=video", "a{b}", "fakesrc a=a\\{b\\} name=video"},
    {"fakesrc a={v} name=video", "a\\", NULL},
    {"fakesrc a={v} name=video", "a\nb", NULL},
    {"fakesrc a={v} name=video", "a\tb", NULL},
    {"fakesrc a={v} name=video",
     "a\xc2\x85"
     "b",
     NULL},
    {"fakesrc a={v} name=video",
     "a\xe2\x80\xa8"
     "b",
     NULL},
    {"fakesrc a={v} name=video", "\xff", NULL},
    {"fakesrc ! video/x-raw,width={v} ! identity name=video", "1280",
     "fakesrc ! video/x-raw,width=1280 ! identity name=video"},
    {"fakesrc ! video/x-raw,framerate={v} ! identity name=video", "25/1",
     "fakesrc ! video/x-raw,framerate=25/1 ! identity name=video"},
    {"fakesrc ! video/x-raw,width={v} ! identity name=video", "1280,height=720", NULL},
    {"fakesrc ! video/x-raw, width={v} ! identity name=video", "1280,height=720", NULL},
    {"fakesrc ! video/x-raw,width={v} ! identity name=video", "", NULL},
    {"fakesrc ! video/x-raw,width={v} ! identity name=video", "1 ! fakesink", NULL},
    {"fakesrc ! capsfilter caps=video/x-raw,width={v} name=video", "1,a=b", NULL},
    {"fakesrc ! capsfilter caps=\"video/x-raw,width={v}\" name=video", "1280",
     "fakesrc ! capsfilter caps=\"video/x-raw,width=1280\" name=video"},
    {"fakesrc ! capsfilter caps=\"video/x-raw,width={v}\" name=video", "1\" a=\"b", NULL},
    {"fakesrc a=\"x {v}\" name=video", "a b", NULL},
};

static void
test_expand (Fixture *self, gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (expansions); i++) {
    g_autofree char *text = g_strconcat (HEAD "# param v  a value\n", expansions[i].place, "\n", NULL);
    g_autoptr (GHashTable) values = g_hash_table_new (g_str_hash, g_str_equal);
    g_autoptr (GError) error = NULL;
    g_autoptr (RegiaPipelineFile) file = load_text (self, text, &error);
    g_autofree char *got = NULL;

    g_assert_no_error (error);
    g_hash_table_insert (values, (gpointer) "v", (gpointer)expansions[i].value);
    got = regia_pipeline_file_expand (file, values, &error);
    if (expansions[i].expected != NULL) {
      g_assert_no_error (error);
      g_assert_cmpstr (got, ==, expansions[i].expected);
    } else {
      g_test_message ("%s", error != NULL ? error->message : got);
      g_assert_null (got);
      g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
      g_assert_nonnull (strstr (error->message, "one.pipeline: v: "));
    }
  }
}

static void
test_missing_and_unknown (Fixture *self, gconstpointer data)
{
  g_autoptr (GHashTable) values = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaPipelineFile) file = load_text (
      self, HEAD "# param device  which\n# param rate=25  how fast\nfakesrc a={device} b={rate} name=video\n",
      &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  g_hash_table_insert (values, (gpointer) "devise", (gpointer) "geheim");
  text = regia_pipeline_file_expand (file, values, &error);
  g_assert_null (text);
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, ": device: missing; add it (which)"));
  g_assert_nonnull (strstr (error->message, ": devise: not a parameter of "));
  g_assert_nonnull (strstr (error->message, "did you mean \"device\"?"));
  g_assert_null (strstr (error->message, "geheim"));
  g_clear_error (&error);

  g_hash_table_remove_all (values);
  g_hash_table_insert (values, (gpointer) "device", (gpointer) "a");
  text = regia_pipeline_file_expand (file, values, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, "fakesrc a=a b=25 name=video");
}

/* The event file against its pipeline files: each fault at its line of the event file. */
static void
test_event (Fixture *self, gconstpointer data)
{
  static const char event[] =
      "[event]\nname = a\n[source a]\npipeline = cam\ndevise = x\naudoi = no\n"
      "[source b]\npipeline = nothing\n[source c]\npipeline = cam\ndevice = \xe2\x80\xa8\n"
      "[source d]\npipeline = mic\nclip = intro.mp4\n"
      "[source e]\npipeline = mic\nclip = ./intro.mp4\n"
      "[programme]\npicture = d\n[audio it]\nsources = a\n";
  static const char *const expected[] = {
      "event.conf:3: [source a] device: missing; ",
      "event.conf:5: [source a] devise: not a parameter of ",
      "event.conf:6: [source a] audoi: unknown key; did you mean \"audio\"?",
      "event.conf:8: [source b] pipeline: ",
      "event.conf:11: [source c] device: holds a line end",
      "event.conf:14: [source d] clip: \"intro.mp4\" is not a whole path; ",
      "event.conf:17: [source e] clip: there is no file ",
      "event.conf:19: [programme] picture: [source d] gives no picture",
      "event.conf:21: [audio it] sources: [source a] gives no sound",
  };
  g_autofree char *encode = g_build_filename (self->folder, "encode", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = NULL;
  g_auto (GStrv) lines = NULL;

  g_assert_cmpint (g_mkdir (encode, 0700), ==, 0);
  write_file (encode, "x264.pipeline", HEAD "identity name=in ! identity name=out\n");
  write_file (self->capture, "cam.pipeline", HEAD "# param device  which\nfakesrc a={device} name=video\n");
  write_file (self->capture, "mic.pipeline", HEAD "# param clip=  file which\nfakesrc a={clip} name=audio\n");
  config = regia_config_parse (event, strlen (event), "event.conf", "/srv", FALSE, &error);
  g_assert_no_error (error);
  g_assert_false (regia_config_check_pipelines (config, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
  g_test_message ("%s", error->message);
  lines = g_strsplit (error->message, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, G_N_ELEMENTS (expected));
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    if (!g_str_has_prefix (lines[i], expected[i]))
      g_error ("\"%s\" does not begin with \"%s\"", lines[i], expected[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/config/pipeline/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("load", test_load);
  ADD ("bad", test_bad_files);
  ADD ("lookup", test_lookup);
  ADD ("list", test_list);
  ADD ("expand", test_expand);
  ADD ("missing", test_missing_and_unknown);
  ADD ("event", test_event);
  return g_test_run ();
}
