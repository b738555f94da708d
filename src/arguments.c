/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "arguments.h"

#include <getopt.h>
#include <string.h>

/* getopt_long()'s value of the n-th option is this plus n; lower ones are
 * characters */
#define FIRST_VALUE 256

/* GOption has these in every context. */
static const GOptionEntry help_entries[] = {
  { "help", 'h', 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  { "help-all", 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL }, G_OPTION_ENTRY_NULL
};

/* The options as getopt_long() describes them. */
typedef struct
{
  GPtrArray *entries; /* const GOptionEntry */
  GArray *given;      /* gboolean: which of them were given */
  GArray *longs;      /* struct option, zero-terminated */
  GString *shorts;
} Grammar;

static void
grammar_clear (Grammar *grammar)
{
  g_ptr_array_unref (grammar->entries);
  g_array_unref (grammar->given);
  g_array_unref (grammar->longs);
  g_string_free (grammar->shorts, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Grammar, grammar_clear)

static gboolean
takes_value (const GOptionEntry *entry)
{
  return entry->arg != G_OPTION_ARG_NONE;
}

static void
add_entries (Grammar *grammar, const GOptionEntry *entries)
{
  const gboolean no = FALSE;

  for (const GOptionEntry *entry = entries; entry->long_name; entry++) {
    struct option option = { entry->long_name,
      takes_value (entry) ? required_argument : no_argument, NULL,
      FIRST_VALUE + (int) grammar->entries->len };

    g_array_append_val (grammar->longs, option);
    g_array_append_val (grammar->given, no);
    g_ptr_array_add (grammar->entries, (gpointer) entry);
    if (entry->short_name)
      g_string_append_printf (grammar->shorts, "%c%s", entry->short_name,
          takes_value (entry) ? ":" : "");
  }
}

static void
grammar_init (Grammar *grammar, const GOptionEntry *const *tables)
{
  grammar->entries = g_ptr_array_new ();
  grammar->given = g_array_new (FALSE, FALSE, sizeof (gboolean));
  grammar->longs = g_array_new (TRUE, FALSE, sizeof (struct option));
  /* "-": names are given as they come; ":": a missing value has its own sign */
  grammar->shorts = g_string_new ("-:");
  add_entries (grammar, help_entries);
  for (; *tables; tables++)
    add_entries (grammar, *tables);
}

/* The index of the entry that getopt_long() has found. */
static guint
find_entry (const Grammar *grammar, int value)
{
  guint i;

  if (value >= FIRST_VALUE)
    return value - FIRST_VALUE;
  for (i = 0; i < grammar->entries->len; i++)
    if (((const GOptionEntry *) grammar->entries->pdata[i])->short_name ==
        value)
      break;
  return i;
}

/* Suggestions */

/* The least number of letters to insert, leave out, replace or exchange with the
 * next to make one word of the other. */
static guint
get_distance (const char *a, const char *b)
{
  gsize n_a = strlen (a), width = strlen (b) + 1;
  g_autofree guint *d = g_new0 (guint, (n_a + 1) * width);

  for (gsize i = 0; i <= n_a; i++)
    for (gsize k = 0; k < width; k++) {
      guint *at = d + i * width + k;

      if (i == 0 || k == 0) {
        *at = i + k;
        continue;
      }
      *at = MIN (MIN (at[-1], at[-(gssize) width]) + 1,
          at[-(gssize) width - 1] + (a[i - 1] != b[k - 1]));
      if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
        *at = MIN (*at, at[-2 * (gssize) width - 2] + 1);
    }
  return d[n_a * width + width - 1];
}

const char *
arguments_suggest (const char *word, const char *const *known)
{
  /* of a long argument nothing is near, and its table would be large */
  gsize length = strlen (word);
  guint best = length > 40 ? 0 : length > 3 ? 3 : 2;
  const char *found = NULL;

  for (; *known && best > 0; known++) {
    guint distance = get_distance (word, *known);

    if (distance < best) {
      best = distance;
      found = *known;
    }
  }
  return found;
}

/* Errors.  Each gives FALSE. */

static gboolean set_error (GError **error, GOptionError code,
    const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
set_error (GError **error, GOptionError code, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (error)
    *error = g_error_new_valist (G_OPTION_ERROR, code, format, arguments);
  va_end (arguments);
  return FALSE;
}

/* The options that begin with @word as "--a, --b or --c", if there are several;
 * otherwise NULL. */
static char *
find_ambiguous (const Grammar *grammar, const char *word)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GString *text;

  for (guint i = 0; i < grammar->entries->len; i++) {
    const GOptionEntry *entry = grammar->entries->pdata[i];

    if (!(entry->flags & G_OPTION_FLAG_HIDDEN) &&
        g_str_has_prefix (entry->long_name, word))
      g_ptr_array_add (names, (gpointer) entry->long_name);
  }
  if (names->len < 2)
    return NULL;
  text = g_string_new (NULL);
  for (guint i = 0; i < names->len; i++)
    g_string_append_printf (text, "%s--%s",
        i == 0                   ? ""
            : i + 1 < names->len ? ", "
                                 : " or ",
        (const char *) names->pdata[i]);
  return g_string_free (text, FALSE);
}

static gboolean
set_unknown (const Grammar *grammar, const char *argument, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree char *word = NULL, *several = NULL;
  const char *suggestion;

  /* a letter, which may be one of several in the argument */
  if (optopt)
    return set_error (error, G_OPTION_ERROR_UNKNOWN_OPTION,
        "Unknown option -%c; see %s --help.", optopt, g_get_prgname ());
  word = g_strndup (argument + 2, strcspn (argument + 2, "="));
  several = find_ambiguous (grammar, word);
  if (several)
    return set_error (error, G_OPTION_ERROR_BAD_VALUE,
        "--%s may be %s; expected is one of them.", word, several);
  for (guint i = 0; i < grammar->entries->len; i++) {
    const GOptionEntry *entry = grammar->entries->pdata[i];

    if (!(entry->flags & G_OPTION_FLAG_HIDDEN))
      g_ptr_array_add (names, (gpointer) entry->long_name);
  }
  g_ptr_array_add (names, NULL);
  suggestion = arguments_suggest (word, (const char *const *) names->pdata);
  if (suggestion)
    return set_error (error, G_OPTION_ERROR_UNKNOWN_OPTION,
        "Unknown option --%s; did you mean --%s?", word, suggestion);
  return set_error (error, G_OPTION_ERROR_UNKNOWN_OPTION,
      "Unknown option --%s; see %s --help.", word, g_get_prgname ());
}

/* After getopt_long() has given ':' or '?'. */
static gboolean
set_bad_option (
    const Grammar *grammar, int sign, const char *argument, GError **error)
{
  guint i = optopt ? find_entry (grammar, optopt) : grammar->entries->len;
  const GOptionEntry *entry = i < grammar->entries->len
      ? grammar->entries->pdata[i]
      : NULL;

  if (!entry)
    return set_unknown (grammar, argument, error);
  return set_error (error, G_OPTION_ERROR_BAD_VALUE,
      sign == ':' ? "--%s needs a value." : "--%s takes no value.",
      entry->long_name);
}

/* Parsing */

/* Adds the option as GOption takes it in any case. */
static gboolean
add_option (Grammar *grammar, guint i, GPtrArray *options, GError **error)
{
  const GOptionEntry *entry = grammar->entries->pdata[i];
  gboolean *given = &g_array_index (grammar->given, gboolean, i);

  if (!takes_value (entry)) {
    g_ptr_array_add (options, g_strconcat ("--", entry->long_name, NULL));
    return TRUE;
  }
  /* the last number counts, as one may come from an alias; of two files each may
   * have been meant to be used */
  if (*given && entry->arg == G_OPTION_ARG_FILENAME)
    return set_error (error, G_OPTION_ERROR_BAD_VALUE,
        "--%s takes one name, but was given more than once.", entry->long_name);
  *given = TRUE;
  g_ptr_array_add (
      options, g_strconcat ("--", entry->long_name, "=", optarg, NULL));
  return TRUE;
}

/* Sorts the arguments into @options and @names. */
static gboolean
sort_arguments (Grammar *grammar, int argc, char **argv, GPtrArray *options,
    GPtrArray *names, GError **error)
{
  int value;

  opterr = 0;
  optind = 0; /* begins anew */
  while ((value = getopt_long (argc, argv, grammar->shorts->str,
              (const struct option *) grammar->longs->data, NULL)) >= 0) {
    if (value == ':' || value == '?')
      return set_bad_option (grammar, value, argv[optind - 1], error);
    if (value == 1)
      g_ptr_array_add (names, g_strdup (optarg));
    else if (!add_option (grammar, find_entry (grammar, value), options, error))
      return FALSE;
  }
  for (int i = optind; i < argc; i++)
    g_ptr_array_add (names, g_strdup (argv[i]));
  return TRUE;
}

char **
arguments_parse (GOptionContext *context, const GOptionEntry *const *tables,
    int argc, char **argv, GError **error)
{
  g_auto (Grammar) grammar = { 0 };
  g_autoptr (GPtrArray) options = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) arguments = NULL;

  grammar_init (&grammar, tables);
  g_ptr_array_add (options, g_strdup (argc > 0 ? argv[0] : ""));
  if (!sort_arguments (&grammar, argc, argv, options, names, error))
    return NULL;
  g_ptr_array_add (options, NULL);
  arguments = (char **) g_ptr_array_steal (options, NULL);
  if (!g_option_context_parse_strv (context, &arguments, error))
    return NULL;
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_steal (names, NULL);
}

gboolean
arguments_parse_size (const char *text, guint64 *size)
{
  static const char units[] = "KMG";
  char *end;
  const char *unit;
  guint shift = 0;

  *size = g_ascii_strtoull (text, &end, 10);
  if (end > text && *end && (unit = strchr (units, g_ascii_toupper (*end)))) {
    shift = 10 * (unit - units + 1);
    end++;
  }
  if (!g_ascii_isdigit (*text) || *end || *size == 0 ||
      *size > (guint64) G_MAXINT64 >> (shift + 1))
    return FALSE;
  *size <<= shift;
  return TRUE;
}

gboolean
arguments_set_error (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (error)
    *error = g_error_new_valist (
        G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, arguments);
  va_end (arguments);
  return FALSE;
}
