/* SPDX-License-Identifier: Apache-2.0 */
#include "hostfs/mount.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "hostfs/mount_link.h"
#include "repl/session.h"

/* When the board's input buffer is not known by raw-paste's window, which is half of it. */
enum { ROOM = 120 };

/*
 * The board's side: a file system in Python (MicroPython's docs/reference/filesystem.rst, custom
 * block-less drivers), each call of which is one request. A reply is awaited for 3 s, then asked
 * for again. What else comes on the input meanwhile (keys) is lost. An exception in the middle,
 * Ctrl-C, leaves no part of a reply behind for whoever reads next.
 *
 *	X(letter, arguments)     the answer, or OSError
 *	F                        a file: position and read-ahead are here, the host keeps none
 *	RemoteFS                 the file system
 */
static const char program[] = /* goes on as program_end */
	"def _kiln(K,U):\n"
	" U()\n"
	" import sys\n"
	" def I(n):\n"
	"  for p in ('u',''):\n"
	"   try:return __import__(p+n)\n"
	"   except ImportError:pass\n"
	" os=I('os');io=I('io');T=I('time')\n"
	" i=sys.stdin.buffer;o=sys.stdout.buffer;p=I('select').poll();p.register(sys.stdin,1)\n"
	" E=b'\\x1d';N=[0];Y=946684800 if T and T.gmtime(0)[0]==2000 else 0\n"
	" def B():return i.read(1)if p.poll(3000)else b''\n"
	" def A(q):\n"
	"  while 1:\n"
	"   c=B()\n"
	"   if not c:return\n"
	"   if c==E and B()==b'<'and B()==q:break\n"
	"  n=int(i.read(4),16);d=b''\n"
	"  while len(d)<n:d+=i.read(n-len(d))or b''\n"
	"  if E in d:d=d.replace(E+b'A',b'\\x01').replace(E+b'B',b'\\x02')"
	".replace(E+b'C',b'\\x03').replace(E+b'D',b'\\x04').replace(E+b']',E)\n"
	"  return d\n"
	" def X(k,a=b''):\n"
	"  if isinstance(a,str):a=a.encode()\n"
	"  N[0]=(N[0]+1)%26;q=bytes([97+N[0]])\n"
	"  a=E+b'<'+K+q+k+a.replace(E,E+b']').replace(b'\\x04',E+b'D').replace(b'\\n',E+b'J')"
	".replace(b'\\r',E+b'M')+E+b'>'\n"
	"  try:\n"
	"   for t in range(4):\n"
	"    o.write(a);r=A(q)\n"
	"    if r:break\n"
	"   else:raise OSError(110)\n"
	"  except BaseException:\n"
	"   while p.poll(100):i.read(1)\n"
	"   raise\n"
	"  if r[0]!=43:raise OSError(int(r[1:]))\n"
	"  return r[1:]\n"
	" class F(io.IOBase):\n"
	"  def __init__(s,f,z,t,a):\n"
	"   s.f=f;s.z=z;s.t=t;s.a=a;s.o=z if a else 0;s.b=b''\n"
	"  def G(s,n):\n"
	"   if s.f is None:raise ValueError('closed file')\n"
	"   if not s.b:s.b=X(b'R','%x %x %x'%(s.f,s.o,4096))\n"
	"   d=s.b[:n];s.b=s.b[n:];s.o+=len(d)\n"
	"   return d\n"
	"  def readinto(s,b):\n"
	"   d=s.G(len(b));b[:len(d)]=d\n"
	"   return len(d)\n"
	"  def read(s,n=-1):\n"
	"   l=[];k=0\n"
	"   while n is None or n<0 or k<n:\n"
	"    d=s.G(1<<20 if n is None or n<0 else n-k)\n"
	"    if not d:break\n"
	"    l.append(d)\n"
	"    k+=sum(1 for c in d if c&0xc0!=0x80)if s.t else len(d)\n"
	"   if s.t and n is not None and n>=0:\n"
	"    while 1:\n"
	"     d=s.G(1)\n"
	"     if d and d[0]&0xc0==0x80:\n"
	"      l.append(d);continue\n"
	"     s.o-=len(d);s.b=d+s.b;break\n"
	"   d=b''.join(l)\n"
	"   return str(d,'utf8')if s.t else d\n"
	"  def readline(s,n=-1):\n"
	"   l=[];k=0\n"
	"   while n<0 or k<n:\n"
	"    d=s.G(1)if not s.b else b''\n"
	"    j=s.b.find(b'\\n')\n"
	"    if d!=b'\\n'and s.b:d+=s.G((j+1 or len(s.b))if n<0 else min(j+1 or "
	"len(s.b),n-k-len(d)))\n"
	"    l.append(d);k+=len(d)\n"
	"    if not d or d[-1]==10:break\n"
	"   d=b''.join(l)\n"
	"   return str(d,'utf8')if s.t else d\n"
	"  def readlines(s):return list(s)\n"
	"  def __iter__(s):return s\n"
	"  def __next__(s):\n"
	"   d=s.readline()\n"
	"   if not d:raise StopIteration\n"
	"   return d\n"
	"  def write(s,b):\n"
	"   if s.f is None:raise ValueError('closed file')\n"
	"   n=len(b);b=b.encode()if isinstance(b,str)else bytes(b);s.b=b'';k=0\n"
	"   if s.a:s.o=s.z\n"
	"   while k<len(b):\n"
	"    w=int(X(b'W',b'%x %x '%(s.f,s.o)+b[k:k+1024]));k+=w;s.o+=w;s.z=max(s.z,s.o)\n"
	"   return n\n"
	"  def seek(s,n,w=0):\n"
	"   n+=(0,s.o,s.z)[w]\n"
	"   if n<0:raise OSError(22)\n"
	"   s.o=n;s.b=b''\n"
	"   return n\n"
	"  def tell(s):return s.o\n"
	"  def truncate(s,n=None):\n"
	"   n=s.o if n is None else n;X(b'T','%x %x'%(s.f,n));s.z=n;s.b=b''\n"
	"   return n\n"
	"  def flush(s):\n"
	"   if s.f is not None:X(b'F','%x'%s.f)\n"
	"  def close(s):\n"
	"   if s.f is not None:\n"
	"    f=s.f;s.f=None;X(b'C','%x'%f)\n"
	"  def __enter__(s):return s\n"
	"  def __exit__(s,*a):s.close()\n"
	"  def ioctl(s,r,a):\n"
	"   if r==1:s.flush()\n"
	"   elif r==4:s.close()\n"
	"   elif r==11:return 240\n"
	"   else:return -1\n"
	"   return 0\n";

static const char program_end[] =
	" class RemoteFS:\n"
	"  def __init__(s):s.d='/'\n"
	"  def P(s,p):return p if p[:1]=='/' else s.d+p\n"
	"  def mount(s,r,m):pass\n"
	"  def umount(s):pass\n"
	"  def chdir(s,p):\n"
	"   p=s.P(p)\n"
	"   if not s.stat(p)[0]&0x4000:raise OSError(20)\n"
	"   l=[]\n"
	"   for n in p.split('/'):\n"
	"    if n=='..':l=l[:-1]\n"
	"    elif n and n!='.':l.append(n)\n"
	"   s.d='/'+''.join(n+'/' for n in l)\n"
	"  def getcwd(s):return s.d[:-1]or'/'\n"
	"  def stat(s,p):\n"
	"   k,z,t=X(b'S',s.P(p)).split();t=int(t)-Y\n"
	"   return(0x4000 if k==b'd' else 0x8000,0,0,0,0,0,int(z),t,t,t)\n"
	"  def ilistdir(s,p):\n"
	"   p=s.P(p);n=0;l=X(b'L','0 '+p)\n"
	"   def G(l,n):\n"
	"    while l:\n"
	"     for e in str(l,'utf8').split('\\n')[:-1]:\n"
	"      n+=1\n"
	"      yield(e[2:],0x4000 if e[0]=='d' else 0x8000,0)\n"
	"     l=X(b'L','%x '%n+p)\n"
	"   return G(l,n)\n"
	"  def open(s,p,m):\n"
	"   k=m.replace('b','').replace('t','')or'r'\n"
	"   f,z=X(b'O',k+' '+s.P(p)).split()\n"
	"   return F(int(f),0 if k[0]=='w' else int(z),'b' not in m,k[0]=='a')\n"
	"  def remove(s,p):X(b'D',s.P(p))\n"
	"  def mkdir(s,p):X(b'M',s.P(p))\n"
	"  def rmdir(s,p):X(b'X',s.P(p))\n"
	"  def rename(s,p,t):X(b'N',s.P(p)+'\\0'+s.P(t))\n"
	"  def statvfs(s,p):\n"
	"   b,n,f=[int(v)for v in X(b'V').split()]\n"
	"   return(b,b,n,f,f,0,0,0,0,255)\n"
	" v=I('vfs')or os\n"
	" v.mount(RemoteFS(),'" KILN_MOUNT_POINT "');os.chdir('" KILN_MOUNT_POINT "')\n";

/*
 * Leave it and unmount, if it is there. Nobody may answer what is mounted any more, so nothing may
 * look for a file before it is gone: an import does, in the working folder, but for a module's name
 * with a "u", which always is the built-in one (py/objmodule.c, mp_module_get_builtin).
 */
static const char unmount[] = "def _kiln_u():\n"
			      " try:import uos as os\n"
			      " except ImportError:import os\n"
			      " try:umount=os.umount\n"
			      " except AttributeError:from vfs import umount\n"
			      " try:\n"
			      "  umount('" KILN_MOUNT_POINT "')\n"
			      "  os.chdir('/')\n"
			      " except OSError:pass\n";

static kiln_code run(struct kiln_repl *repl, const struct kiln_buf *code, const char *what,
		     struct kiln_err *err)
{
	struct kiln_repl_result result = { .exception = false };

	if (code->failed)
		return kiln_fail(err, KILN_E_NOMEM, "%s", what);
	KILN_TRY(kiln_repl_exec(repl, kiln_buf_str(code), code->len, NULL, &result, err));
	if (result.interrupted) {
		(void)kiln_fail(err, KILN_E_CANCELLED, "%s", what);
	} else if (result.exception) {
		(void)kiln_fail(err, KILN_E_UNSUPPORTED, "%s", what);
		kiln_why(err, "%s: %s", result.ename, result.evalue);
		kiln_hint(err, "the board needs MicroPython 1.12 or newer, with select and a file "
			       "system");
	}
	kiln_repl_result_done(&result);
	return result.interrupted ? KILN_E_CANCELLED
	       : result.exception ? KILN_E_UNSUPPORTED
				  : KILN_OK;
}

/* No two mounts of a session have the same: what an old one asks is not answered. */
static void next_token(const struct kiln_mount_link *m, char token[KILN_MOUNT_TOKEN + 1])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	uint64_t n = (uint64_t)kiln_link_now(m->inner) * 31 + (uint64_t)m->filter.token[0] * 7 + 1;

	for (size_t i = 0; i < KILN_MOUNT_TOKEN; i++, n /= 36)
		token[i] = digits[n % 36];
	token[KILN_MOUNT_TOKEN] = '\0';
	if (strcmp(token, m->filter.token) == 0)
		token[0] = token[0] == 'z' ? 'y' : 'z';
}

static kiln_code install(struct kiln_repl *repl, struct kiln_mount_link *m, struct kiln_err *err)
{
	struct kiln_buf code = KILN_BUF_INIT(64 * 1024);
	char token[KILN_MOUNT_TOKEN + 1], what[160];
	kiln_code status;

	kiln_text_format(what, sizeof(what), "cannot mount '%s'", m->folder);
	next_token(m, token);
	kiln_mount_link_start(m, token);
	(void)kiln_buf_printf(&code, "%s%s%stry:_kiln(b'%s',_kiln_u)\nfinally:del _kiln,_kiln_u\n",
			      unmount, program, program_end, token);
	if (repl->paste == KILN_REPL_PASTE_YES && repl->codec.window > 0)
		m->reply_max = 2 * (size_t)repl->codec.window - 16;
	status = run(repl, &code, what, err);
	/* only now raw-paste is known to one that has run no program before */
	if (repl->paste == KILN_REPL_PASTE_YES && repl->codec.window > 0)
		m->reply_max = 2 * (size_t)repl->codec.window - 16;
	kiln_buf_done(&code);
	return status;
}

static kiln_code link_of(struct kiln_repl *repl, struct kiln_mount_link **ret_link,
			 struct kiln_err *err)
{
	*ret_link = kiln_mount_link_of(repl->link);
	if (*ret_link)
		return KILN_OK;
	KILN_TRY(kiln_mount_link_new(repl->link, ret_link, err));
	repl->link = &(*ret_link)->link;
	return KILN_OK;
}

kiln_code kiln_mount_begin(struct kiln_repl *repl, const char *folder, bool unsafe_links,
			   struct kiln_err *err)
{
	struct kiln_mount_link *m;
	struct kiln_mount_dir *dir;
	char *name = strdup(folder);
	kiln_code code;

	if (!name)
		return kiln_fail(err, KILN_E_NOMEM, "cannot mount '%s'", folder);
	code = kiln_mount_dir_open(folder, unsafe_links, &dir, err);
	if (code == KILN_OK) {
		code = link_of(repl, &m, err);
		if (code != KILN_OK)
			kiln_mount_dir_close(dir);
	}
	if (code != KILN_OK) {
		free(name);
		return code;
	}
	kiln_mount_dir_close(m->dir);
	free(m->folder);
	m->dir = dir;
	m->folder = name;
	m->reply_max = ROOM;
	code = install(repl, m, err);
	if (code != KILN_OK) {
		kiln_mount_dir_close(m->dir);
		m->dir = NULL;
	}
	return code;
}

kiln_code kiln_mount_again(struct kiln_repl *repl, struct kiln_err *err)
{
	struct kiln_mount_link *m = kiln_mount_link_of(repl->link);

	return m && m->dir ? install(repl, m, err) : KILN_OK;
}

kiln_code kiln_mount_end(struct kiln_repl *repl, struct kiln_err *err)
{
	struct kiln_mount_link *m = kiln_mount_link_of(repl->link);
	struct kiln_buf code = KILN_BUF_INIT(4096);
	kiln_code status;

	if (!m || !m->dir)
		return KILN_OK;
	(void)kiln_buf_printf(&code, "%s_kiln_u()\ndel _kiln_u\n", unmount);
	status = run(repl, &code, "cannot unmount the folder", err);
	kiln_buf_done(&code);
	kiln_mount_dir_close(m->dir);
	m->dir = NULL;
	return status;
}

const char *kiln_mount_folder(const struct kiln_link *link)
{
	const struct kiln_mount_link *m = kiln_mount_link_of(link);

	return m && m->dir ? m->folder : NULL;
}
