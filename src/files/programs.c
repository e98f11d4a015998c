/* SPDX-License-Identifier: Apache-2.0 */
#include "files/programs.h"

#include "files/digest.h"

/* Modules had a 'u' in front of their names before 1.12. */
#define IMPORT                            \
	" def I(n):\n"                    \
	"  for p in ('','u'):\n"          \
	"   try:return __import__(p+n)\n" \
	"   except ImportError:pass\n"

/* Old ports have no os.stat; what is there then are files. */
#define IS_FOLDER                             \
	" def D(p):\n"                        \
	"  try:return os.stat(p)[0]&0x4000\n" \
	"  except AttributeError:return 0\n"

/* Memory, and a letter for each thing that it can do. */
const char kiln_program_probe[] =
	"def _kiln():\n"
	" import sys\n" IMPORT " def A(m,*n):\n"
	"  for x in n:\n"
	"   if not hasattr(m,x):return 0\n"
	"  return m is not None\n"
	" o=I('os');b=I('binascii');h=I('hashlib');g=I('gc');s=I('select')\n"
	" d=I('deflate');i=I('io')\n"
	" r=''\n"
	" for c,v in (('i',A(sys,'stdin')and A(sys.stdin,'buffer')and A(s,'poll')),\n"
	"  ('o',A(sys,'stdout')and A(sys.stdout,'buffer')),('d',A(d,'DeflateIO')and "
	"A(i,'BytesIO')),\n"
	"  ('h',A(h,'sha256')and A(b,'hexlify')),('c',A(b,'crc32')),('b',A(b,'a2b_base64')),\n"
	"  ('z',A(d,'DeflateIO')and A(d.DeflateIO,'write')and A(i,'BytesIO')),\n"
	"  ('r',A(o,'rename')),('v',A(o,'statvfs')),('s',A(o,'stat')),('f',A(o,'listdir'))):\n"
	"  if v:r+=c\n"
	" g.collect()\n"
	" print(g.mem_free(),r)\n";

const char kiln_program_list[] =
	"def _kiln(p,r):\n"
	" import os\n"
	" def L(p,x):\n"
	"  for e in os.ilistdir(p):\n"
	"   n=x+e[0];q=(p if p[-1:]=='/' else p+'/')+e[0] if p else e[0]\n"
	"   d=e[1]&0x4000\n"
	"   s=os.stat(q);print('d' if d else 'f',0 if d else s[6],s[8],repr(n))\n"
	"   if d and r:L(q,n+'/')\n"
	" if hasattr(os,'ilistdir'):\n"
	"  if p and not os.stat(p)[0]&0x4000:raise OSError(20)\n"
	"  return L(p,'')\n"
	" if p not in('','/','.'):\n"
	"  os.size(p);raise OSError(20)\n"
	" for n in os.listdir():print('f',os.size(n),-1,repr(n))\n";

const char kiln_program_stat[] =
	"def _kiln(p):\n"
	" import os\n"
	" if hasattr(os,'stat'):\n"
	"  s=os.stat(p);d=s[0]&0x4000;print('d' if d else 'f',0 if d else s[6],s[8],repr(p))\n"
	" elif p in('','/','.'):print('d',0,-1,repr(p))\n"
	" else:print('f',os.size(p),-1,repr(p))\n";

const char kiln_program_remove[] =
	"def _kiln(p,r,f):\n"
	" import os\n" IS_FOLDER " def R(p):\n"
	"  if not D(p):return os.remove(p)\n"
	"  if not r:raise OSError(21)\n"
	"  for e in list(os.ilistdir(p)):R((p if p[-1:]=='/' else p+'/')+e[0])\n"
	"  if p.strip('/.'):os.rmdir(p)\n"
	" try:R(p)\n"
	" except OSError as e:\n"
	"  if not(f and e.args[0]in(2,'file not found')):raise\n";

const char kiln_program_mkdir[] = "def _kiln(p,a):\n"
				  " import os\n"
				  " if not a:return os.mkdir(p)\n" IS_FOLDER
				  " q='/' if p[:1]=='/' else ''\n"
				  " for n in p.split('/'):\n"
				  "  if n:\n"
				  "   q+=n\n"
				  "   try:os.mkdir(q)\n"
				  "   except OSError as e:\n"
				  "    if e.args[0]!=17 or not D(q):raise\n"
				  "   q+='/'\n";

const char kiln_program_rmdir[] = "def _kiln(p):\n"
				  " import os\n"
				  " os.rmdir(p)\n";

const char kiln_program_touch[] = "def _kiln(p):\n"
				  " import os\n"
				  " if hasattr(os,'stat'):open(p,'a').close()\n"
				  " elif p not in os.listdir():open(p,'w').close()\n";

/* Into a folder if there is one of that name. */
#define INTO                                                           \
	" try:\n"                                                      \
	"  if D(t):t=t.rstrip('/')+'/'+p.rstrip('/').split('/')[-1]\n" \
	" except OSError:pass\n"

const char kiln_program_rename[] = "def _kiln(p,t):\n"
				   " import os\n" IS_FOLDER INTO " os.rename(p,t)\n";

const char kiln_program_copy[] =
	"def _kiln(p,t,r,m):\n"
	" import os\n" IS_FOLDER " def C(p,t):\n"
	"  if D(p):\n"
	"   if not r:raise OSError(21)\n"
	"   if (t+'/').startswith(p.rstrip('/')+'/'):raise OSError(22)\n"
	"   try:os.mkdir(t)\n"
	"   except OSError as e:\n"
	"    if e.args[0]!=17:raise\n"
	"   for e in list(os.ilistdir(p)):C(p.rstrip('/')+'/'+e[0],t+'/'+e[0])\n"
	"   return\n"
	"  if p==t:raise OSError(22)\n"
	"  u=t+'.kiln-part' if m else t\n"
	"  a=open(p,'rb')\n"
	"  try:\n"
	"   w=open(u,'wb')\n"
	"   try:\n"
	"    while 1:\n"
	"     d=a.read(256)\n"
	"     if not d:break\n"
	"     w.write(d)\n"
	"    w.close()\n"
	"    if m:\n"
	"     try:os.rename(u,t)\n"
	"     except OSError:\n"
	"      os.remove(t);os.rename(u,t)\n"
	"   except BaseException:\n"
	"    try:w.close()\n"
	"    except OSError:pass\n"
	"    os.remove(u)\n"
	"    raise\n"
	"  finally:a.close()\n" INTO " C(p,t)\n";

const char kiln_program_space[] = "def _kiln(p):\n"
				  " import os\n"
				  " o=[]\n"
				  " def S(p):\n"
				  "  s=os.statvfs(p)\n"
				  "  if s not in o:o.append(s);print(s[2]*s[1],s[4]*s[1],repr(p))\n"
				  " if p is not None:return S(p)\n"
				  " S('/')\n"
				  " for e in os.ilistdir('/'):\n"
				  "  if e[1]&0x4000:S('/'+e[0])\n";

/* Free bytes (-1: not known), then of each target: 'd', 'f' or '-', size, size of a temporary. */
const char kiln_program_prepare[] =
	"def _kiln(l):\n"
	" import os\n"
	" q=l[0];r=-1\n"
	" if hasattr(os,'statvfs'):\n"
	"  while 1:\n"
	"   try:\n"
	"    s=os.statvfs(q or('/' if l[0][:1]=='/' else os.getcwd()));r=s[0]*s[4];break\n"
	"   except OSError:\n"
	"    if not q:break\n"
	"   q=q.rpartition('/')[0]\n"
	" print(r)\n"
	" for p in l:\n"
	"  k='-';z=y=0\n"
	"  try:\n"
	"   s=os.stat(p);k='d' if s[0]&0x4000 else 'f'\n"
	"   if k=='f':y=s[6]\n"
	"  except OSError as e:\n"
	"   if e.args[0]not in(2,20):raise\n"
	"  try:z=os.stat(p+'.kiln-part')[6]\n"
	"  except OSError:pass\n"
	"  print(k,y,z)\n";

const struct kiln_program_digest kiln_program_digests[] = {
	[KILN_DIGEST_SHA256] = { " H=I('hashlib');X=I('binascii')\n", "h=H.sha256()", "h.update(d)",
				 "str(X.hexlify(h.digest()),'utf8')" },
	[KILN_DIGEST_CRC32] = { " X=I('binascii')\n", "h=0", "h=X.crc32(d,h)", "'%08x'%h" },
	[KILN_DIGEST_ADLER32] = { "", "h=1;g=0", "for c in d:h=(h+c)%65521;g=(g+h)%65521",
				  "'%04x%04x'%(g,h)" },
};

/*
 * Frames: a letter, the length of what follows as four hex digits, escaped bytes. A 06 goes back
 * at the start, and for each W bytes that were taken out of the board's input buffer. See
 * docs/internals/files.md.
 */
const char kiln_program_receive[] =
	"def _kiln(W,B,L):\n"
	" import sys,os\n" IMPORT "%s"
	" i=sys.stdin.buffer;o=sys.stdout;P=I('select').poll();P.register(sys.stdin,1)\n"
	" if L:Z=I('deflate');S=I('io')\n"
	" m=memoryview(bytearray(B));w=0;f=t=None\n"
	" def T(n):\n"
	"  nonlocal w\n"
	"  a=0\n"
	"  while a<n:\n"
	"   k=i.readinto(m[a:min(n,a+W-w)])or 0\n"
	"   a+=k;w+=k\n"
	"   if w==W:\n"
	"    w=0;o.write('\\x06')\n"
	"  return bytes(m[:n])\n"
	" E=b'\\x1d'\n"
	" o.write('\\x06')\n"
	" try:\n"
	"  while 1:\n"
	"   k=T(5);d=T(int(str(k[1:],'utf8'),16));k=k[0]\n"
	"   if E in "
	"d:d=d.replace(E+b'A',b'\\x01').replace(E+b'B',b'\\x02').replace(E+b'C',b'\\x03')"
	".replace(E+b'D',b'\\x04').replace(E+b']',E)\n"
	"   if k==90:\n"
	"    k=68;d=Z.DeflateIO(S.BytesIO(d),Z.RAW,L).read()\n"
	"   if k==68:\n"
	"    f.write(d);s+=len(d)\n"
	"    %s\n"
	"    if s>=q:\n"
	"     f.flush();q=s+32768\n"
	"   elif k==70:\n"
	"    n=str(d[8:],'utf8');q=int(str(d[:8],'utf8'),16);t=n+'.kiln-part'\n"
	"    s=q\n"
	"    %s\n"
	"    if q:\n"
	"     f=open(t,'rb')\n"
	"     while 1:\n"
	"      d=f.read(512)\n"
	"      if not d:break\n"
	"      %s\n"
	"     f.close()\n"
	"    f=open(t,'ab' if q else 'wb');q=s+32768\n"
	"   elif k==69:\n"
	"    f.close();f=None\n"
	"    if %s!=str(d,'utf8'):raise ValueError('digest')\n"
	"    try:os.rename(t,n)\n"
	"    except OSError:\n"
	"     os.remove(n);os.rename(t,n)\n"
	"    t=None\n"
	"   elif k==77:\n"
	"    d=str(d,'utf8')\n"
	"    try:os.mkdir(d)\n"
	"    except OSError as e:\n"
	"     if e.args[0]!=17:raise\n"
	"   else:break\n"
	" except BaseException:\n"
	"  if t:o.write('!'+repr(n))\n"
	"  try:\n"
	"   if f:f.close()\n"
	"  except OSError:pass\n"
	"  try:\n"
	"   if t:os.remove(t)\n"
	"  except OSError:pass\n"
	"  while P.poll(100):i.read(1)\n"
	"  raise\n";

/*
 * L: window bits of deflate, 0 for none. A block that it makes smaller goes between the marks Z and
 * z; after one that it doesn't the next eight are not tried.
 */
const char kiln_program_send[] =
	"def _kiln(l,B,L):\n"
	" import sys\n" IMPORT "%s"
	" w=sys.stdout.buffer.write;E=b'\\x1d';k=0\n"
	" if L:Z=I('deflate');S=I('io')\n"
	" def Y(d):w(d.replace(E,E+b']').replace(b'\\x04',E+b'D').replace(b'\\n',E+b'J')"
	".replace(b'\\r',E+b'M'))\n"
	" def C(d):\n"
	"  b=S.BytesIO();z=Z.DeflateIO(b,Z.RAW,L);z.write(d);z.close()\n"
	"  return b.getvalue()\n"
	" for p in l:\n"
	"  f=open(p,'rb')\n"
	"  %s\n"
	"  while 1:\n"
	"   d=f.read(B)\n"
	"   if not d:break\n"
	"   %s\n"
	"   if L:\n"
	"    k-=k>0\n"
	"    if not k:\n"
	"     c=C(d)\n"
	"     if len(c)<len(d)-len(d)//16:\n"
	"      w(E+b'Z');Y(c);w(E+b'z');continue\n"
	"     k=8\n"
	"   Y(d)\n"
	"  f.close()\n"
	"  w(E+b'.'+%s.encode()+E+b';')\n";

const char kiln_program_send_literals[] = "def _kiln(l,B):\n" IMPORT "%s"
					  " for p in l:\n"
					  "  f=open(p,'rb')\n"
					  "  %s\n"
					  "  while 1:\n"
					  "   d=f.read(B)\n"
					  "   if not d:break\n"
					  "   %s\n"
					  "   print(d)\n"
					  "  f.close()\n"
					  "  print('.',%s)\n";

const char kiln_program_hash[] = "def _kiln(l,B):\n" IMPORT "%s"
				 " for p in l:\n"
				 "  f=open(p,'rb')\n"
				 "  %s\n"
				 "  while 1:\n"
				 "   d=f.read(B)\n"
				 "   if not d:break\n"
				 "   %s\n"
				 "  f.close()\n"
				 "  print(%s)\n";

/*
 * Temporaries that the link has carried: 'k' and a rename for what is right. For what is not: 'd',
 * the size that it has, and what was free beside it (-1: not known); it is removed.
 */
const char kiln_program_finish[] = "def _kiln(l,B):\n"
				   " import os\n" IMPORT "%s"
				   " def F(p):\n"
				   "  f=open(p,'rb')\n"
				   "  %s\n"
				   "  while 1:\n"
				   "   d=f.read(B)\n"
				   "   if not d:break\n"
				   "   %s\n"
				   "  f.close()\n"
				   "  return %s\n"
				   " for p,n,c in l:\n"
				   "  t=p+'.kiln-part'\n"
				   "  if not n:open(t,'wb').close()\n"
				   "  if F(t)==c:\n"
				   "   try:os.rename(t,p)\n"
				   "   except OSError:\n"
				   "    os.remove(p);os.rename(t,p)\n"
				   "   print('k');continue\n"
				   "  s=os.stat(t)[6];r=-1\n"
				   "  if hasattr(os,'statvfs'):v=os.statvfs(t);r=v[0]*v[4]\n"
				   "  os.remove(t);print('d',s,r)\n";

/* Temporaries of what is given up. */
const char kiln_program_drop[] = "def _kiln(l):\n"
				 " import os\n"
				 " for p in l:\n"
				 "  try:os.remove(p+'.kiln-part')\n"
				 "  except OSError:pass\n";

const char kiln_program_folders[] = "def _kiln(l):\n"
				    " import os\n"
				    " for p in l:\n"
				    "  try:os.mkdir(p)\n"
				    "  except OSError as e:\n"
				    "   if e.args[0]!=17:print(repr(p));raise\n";

/* Size and digest of each file; -1 for what can't be read, as reading it will tell why. */
const char kiln_program_measure[] = "def _kiln(l,B,m):\n"
				    " import os\n" IMPORT "%s"
				    " for p in l:\n"
				    "  try:s=os.stat(p);s=-1 if s[0]&0x4000 else s[6]\n"
				    "  except OSError:s=-1\n"
				    "  if s<m:\n"
				    "   print(s,'-');continue\n"
				    "  f=open(p,'rb')\n"
				    "  %s\n"
				    "  while 1:\n"
				    "   d=f.read(B)\n"
				    "   if not d:break\n"
				    "   %s\n"
				    "  f.close()\n"
				    "  print(s,%s)\n";

/*
 * Free bytes, then of each entry below a folder: kind ('m': another file system begins there),
 * size, digest if the size is one of those that were named, name. Which folders are mount points
 * vfs.mount() tells since 1.22; before that they differ in what statvfs says.
 */
const char kiln_program_survey[] =
	"def _kiln(p,z,B):\n"
	" import os\n" IMPORT "%s"
	" def F(p):\n"
	"  f=open(p,'rb')\n"
	"  %s\n"
	"  while 1:\n"
	"   d=f.read(B)\n"
	"   if not d:break\n"
	"   %s\n"
	"  f.close()\n"
	"  return %s\n"
	" def O(s,p,n):print('f',s,F(p) if s in z else '-',repr(n))\n"
	" if not hasattr(os,'ilistdir'):\n"
	"  print(-1)\n"
	"  for n in os.listdir():O(os.size(n),n,n)\n"
	"  return\n"
	" r=-1;S=M=None;q=p\n"
	" while hasattr(os,'statvfs'):\n"
	"  try:\n"
	"   S=os.statvfs(q or('/' if p[:1]=='/' else os.getcwd()));r=S[0]*S[4];break\n"
	"  except OSError:\n"
	"   if not q:break\n"
	"  q=q.rpartition('/')[0]\n"
	" print(r)\n"
	" try:M=[m[1] for m in I('vfs').mount()]\n"
	" except Exception:pass\n"
	" def V(q):\n"
	"  if M is not None:return(q if q[:1]=='/' else os.getcwd().rstrip('/')+'/'+q)in M\n"
	"  return S and os.statvfs(q)!=S\n"
	" def L(p,x):\n"
	"  for e in os.ilistdir(p):\n"
	"   n=x+e[0];q=(p if p[-1:]=='/' else p+'/')+e[0] if p else e[0]\n"
	"   if not e[1]&0x4000:O(os.stat(q)[6],q,n)\n"
	"   elif V(q):print('m 0 -',repr(n))\n"
	"   else:\n"
	"    print('d 0 -',repr(n));L(q,n+'/')\n"
	" try:\n"
	"  if p and not os.stat(p)[0]&0x4000:raise OSError(20)\n"
	" except OSError as e:\n"
	"  if e.args[0]!=2:raise\n"
	"  return\n"
	" L(p,'')\n";

const char kiln_program_clear[] = "def _kiln(l):\n"
				  " import os\n"
				  " for p in l:\n"
				  "  if p[-1]=='/':os.rmdir(p[:-1])\n"
				  "  else:os.remove(p)\n";

/* A file that is written piece by piece stays open between programs, as _kiln_f. */
const char kiln_program_begin[] = "_kiln_f=_kiln_b=None\n"
				  "def _kiln(p):\n"
				  " global _kiln_f,_kiln_b\n"
				  " for n in('binascii','ubinascii'):\n"
				  "  try:_kiln_b=__import__(n)\n"
				  "  except ImportError:pass\n"
				  " _kiln_f=open(p,'wb')\n";

const char kiln_program_end[] = "def _kiln(t,p):\n"
				" import os\n"
				" global _kiln_f,_kiln_b\n"
				" _kiln_f.close()\n"
				" del _kiln_f,_kiln_b\n"
				" if t!=p:\n"
				"  try:os.rename(t,p)\n"
				"  except OSError:\n"
				"   os.remove(p);os.rename(t,p)\n";

const char kiln_program_undo[] = "def _kiln(t):\n"
				 " import os\n"
				 " global _kiln_f,_kiln_b\n"
				 " try:\n"
				 "  _kiln_f.close()\n"
				 "  del _kiln_f,_kiln_b\n"
				 " except Exception:pass\n"
				 " try:os.remove(t)\n"
				 " except OSError:pass\n";
