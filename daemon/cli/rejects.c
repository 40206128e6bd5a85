/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/cli/rejects.h"

#include <errno.h>

#include "daemon/cli/output.h"
#include "daemon/cli/print.h"
#include "daemon/exchange/exchange.h"

int rejects_write(const char *path, struct slice file, char separator, const char *const *reasons,
		  size_t count)
{
	struct output o;

	if (!output_open(&o, path))
		return print_fail_file(path, errno);
	errno = EIO; /* in case the writer fails without saying why */
	if (exchange_rejects(file, separator, reasons, count, o.file) != ES_OK) {
		output_drop(&o);
		return print_fail_file(path, errno);
	}
	return output_done(&o) ? 0 : print_fail_file(path, errno);
}
