/* SPDX-License-Identifier: Apache-2.0 */
/*
 * display() and clear_output() on the board, as IPython has them: a cell that has one of these
 * words gets both. What they show comes by a mark (marks.h):
 *
 *	1e nonce D {"data": {mime type: value}, "id": text or null, "update": false} 1e
 *	1e nonce C 1 1e                                          clear, when more output comes
 *
 * HTML and the like are shown for a cell that asks for it only: what a program prints, or a module
 * that a cell has imported, is no reason to run somebody's script in the user's notebook.
 */
#include "kernel/kernel_impl.h"

enum { TYPES_MAX = 32 };

/* Bytes are an image's: Jupyter wants them in base64. */
static const char hook[] =
	"def _kiln_hook(p=print,m='\x1e%s',e='\x1e'):\n"
	" import json\n"
	" def plain(v):\n"
	"  if isinstance(v,(bytes,bytearray)):\n"
	"   import binascii\n"
	"   return binascii.b2a_base64(v).decode().strip()\n"
	"  return v\n"
	" def bundle(o,raw):\n"
	"  d={}\n"
	"  if raw:\n"
	"   for t in o:\n"
	"    d[t]=plain(o[t])\n"
	"   return d\n"
	"  for n,t in (('html','text/html'),('svg','image/svg+xml'),('markdown','text/markdown'),\n"
	"    ('latex','text/latex'),('json','application/json'),('png','image/png'),\n"
	"    ('jpeg','image/jpeg')):\n"
	"   f=getattr(o,'_repr_'+n+'_',None)\n"
	"   v=f() if f else None\n"
	"   if v is not None:\n"
	"    d[t]=plain(v)\n"
	"  d['text/plain']=repr(o)\n"
	"  return d\n"
	" def display(*objects,raw=False,display_id=None,update=False):\n"
	"  for o in objects:\n"
	"   "
	"p(m,'D',json.dumps({'data':bundle(o,raw),'id':display_id,'update':update}),sep='',end=e)\n"
	" def clear_output(wait=False):\n"
	"  p(m,'C',1 if wait else 0,sep='',end=e)\n"
	" import builtins\n"
	" builtins.display=display\n"
	" builtins.clear_output=clear_output\n"
	"_kiln_hook()\n"
	"del _kiln_hook\n";

void kiln_kernel_show_prepare(struct kiln_kernel *k, struct kiln_span code)
{
	struct kiln_buf text = KILN_BUF_INIT(8192), answer = KILN_BUF_INIT(4096);

	k->may_show = kiln_code_has(code, "display") || kiln_code_has(code, "clear_output");
	if (!k->may_show || k->board.hooks & KILN_HOOK_SHOW)
		return;
	k->board.hooks |= KILN_HOOK_SHOW; /* once, also where it fails: firmware without json */
	if (kiln_buf_printf(&text, hook, k->marks.nonce) == KILN_OK)
		(void)kiln_kernel_ask(k, kiln_buf_str(&text), text.len, &answer, NULL);
	kiln_buf_done(&text);
	kiln_buf_done(&answer);
}

/* {mime type: text}, and JSON as it is for types of JSON; NULL: it is something else. */
static json_t *clean_data(json_t *data)
{
	json_t *clean = json_object(), *value;
	const char *type;

	json_object_foreach(data, type, value)
	{
		const size_t n = strlen(type);
		const bool is_json = n >= 4 && strcmp(type + n - 4, "json") == 0;

		if (json_object_size(clean) < TYPES_MAX && strchr(type, '/') &&
		    (json_is_string(value) || is_json))
			(void)json_object_set(clean, type, value);
	}
	if (json_object_size(clean) > 0)
		return clean;
	json_decref(clean);
	return NULL;
}

void kiln_kernel_show(struct kiln_kernel *k, const char *payload, size_t n)
{
	json_t *what = k->may_show ? json_loadb(payload, n, JSON_ALLOW_NUL, NULL) : NULL;
	json_t *data = clean_data(json_object_get(what, "data"));

	if (data)
		kiln_kernel_display(k, data, json_string_value(json_object_get(what, "id")),
				    json_is_true(json_object_get(what, "update")));
	else if (k->may_show)
		kiln_kernel_print(
			k, KILN_STDERR,
			"display(): this can't be shown: no {type: text}, or over 1 MiB\n");
	json_decref(what);
}

void kiln_kernel_show_clear(struct kiln_kernel *k, const char *payload, size_t n)
{
	if (k->may_show)
		kiln_kernel_clear_output(k, n == 1 && payload[0] == '1');
}
