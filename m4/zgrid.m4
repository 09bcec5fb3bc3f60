#  zgrid.m4: warnings, sanitizers, hardening, fuzzing. A flag that matters and does not work is an
#  error, never silence.
#  SPDX-License-Identifier: MPL-2.0

#  ZG_TRY_FLAG(FLAG, [WHAT IF NOT])
AC_DEFUN([ZG_TRY_FLAG], [
  zg_saved="$CFLAGS"
  CFLAGS="$CFLAGS -Werror $1"
  AC_MSG_CHECKING([whether the compiler takes $1])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[]], [[]])],
    [AC_MSG_RESULT([yes]); CFLAGS="$zg_saved"; ZG_CFLAGS="$ZG_CFLAGS $1"],
    [AC_MSG_RESULT([no]); CFLAGS="$zg_saved"; $2])
])

AC_DEFUN([ZG_COMPILER], [
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [make warnings errors])], [],
    [enable_werror=no])
  AC_ARG_ENABLE([sanitizer], [AS_HELP_STRING([--enable-sanitizer=LIST], [address,undefined or thread])], [],
    [enable_sanitizer=no])
  AC_ARG_ENABLE([coverage], [AS_HELP_STRING([--enable-coverage], [gcov])], [], [enable_coverage=no])
  AC_ARG_ENABLE([fuzzers], [AS_HELP_STRING([--enable-fuzzers], [libFuzzer targets; needs clang])], [],
    [enable_fuzzers=no])
  ZG_CFLAGS="-std=gnu11"
  for zg_flag in -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wundef \
                 -Wwrite-strings -Wvla -Wcast-qual -Wno-unused-parameter; do
    ZG_TRY_FLAG([$zg_flag], [])
  done
  AS_IF([test "$enable_werror" = yes], [ZG_TRY_FLAG([-Werror], [AC_MSG_ERROR([-Werror does not work])])])
  AS_IF([test "$enable_sanitizer" != no], [
    ZG_TRY_FLAG([-fsanitize=$enable_sanitizer], [AC_MSG_ERROR([this sanitizer does not work])])
    ZG_TRY_FLAG([-fno-sanitize-recover=all], [])
    ZG_TRY_FLAG([-fno-omit-frame-pointer], [])
  ], [
    ZG_TRY_FLAG([-fstack-protector-strong], [AC_MSG_ERROR([-fstack-protector-strong does not work])])
    AS_CASE([$CFLAGS], [*-O0*], [], [ZG_CFLAGS="$ZG_CFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
    ZG_LDFLAGS="-Wl,-z,relro -Wl,-z,now"
  ])
  AS_IF([test "$enable_coverage" = yes],
    [ZG_TRY_FLAG([--coverage], [AC_MSG_ERROR([--coverage does not work])])])
  AS_IF([test "$enable_fuzzers" = yes],
    [ZG_TRY_FLAG([-fsanitize=fuzzer-no-link], [AC_MSG_ERROR([--enable-fuzzers needs clang: CC=clang])])])
  AM_CONDITIONAL([FUZZERS], [test "$enable_fuzzers" = yes])
  AM_CONDITIONAL([SANITIZED], [test "$enable_sanitizer" != no])
  AC_SUBST([ZG_SANITIZER], [$enable_sanitizer])
  AC_SUBST([ZG_CFLAGS])
  AC_SUBST([ZG_LDFLAGS])
])
