/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Writing JSON as text, with numbers as short as they are meant. */

#pragma once

#include <glib.h>

/* Appends @string, quoted and escaped, on one line for all programs; null if it is
 * NULL.  What is not UTF-8 is replaced. */
void json_append_string (GString *json, const char *string);
/* Appends @value by the printf @format of a double, such as "%.6g": six digits are enough
 * for a probability, fifteen for seconds that are exact to the ns. */
void json_append_number (GString *json, const char *format, double value);
