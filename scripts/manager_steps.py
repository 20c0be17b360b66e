# SPDX-License-Identifier: MIT
"""What test_manager asks of both servers: lines of Python, a session each
name.  m is the manager, o the object that is looked at after every line."""

# Every kind of value that can be sent; each goes there and comes back.
VALUES = """
None True False 0 -1 2**31 -2**31-1 2**63-1 2**63 -2**63 -2**63-1 2**64 10**400
-10**400 -255 -256 0.0 -0.0 0.1 1e16 1e-5 123456789012345680.0 5e-324 1e308 inf
-inf nan '' 'a' "'" '"' '\\'"' '\\0\\n\\r\\t\\x7f\\x80\\xa0' '\\xe9' '\\u20ac'
'\\U0001f40d' '\\ud800' '\\udcff' 'a\\udc80b' '\\u2028' '\\u0378' '\\U0010ffff'
b'' b'\\0\\xff\\'"' b"'" bytearray() bytearray(b'\\0a') () (1,) (1,(2,())) []
[[]] {} {1:{2:[3]}} {'a':1,'b':2} set() {1} {'\\U0001f40d'} frozenset()
frozenset([1]) {frozenset([1]):(1,)} range(0) range(1,9,2) range(5,0,-1)
range(10**30) slice(1) slice(None) slice(1,'x',None) reversed([1,2,3])
KeyError('k') OSError(2,'no') OSError(2,'no','f') ValueError() ValueError(1,[2])
StopIteration(3) queue.Empty() queue.Full() threading.BrokenBarrierError()
ExceptionGroup('g',[KeyError(1)]) UnicodeDecodeError('a',b'b',0,1,'c')
RemoteError('text') array('b',[-1]) array('d',[0.5]) array('u','a\\U0001f40d')
array('Q',[2**64-1]) Token('list','/nowhere','1f') [None]*3000 'x'*70000
'\\u20ac'*70000 b'x'*70000 list(range(3000)) {i:str(i)for(i)in(range(3000))}
set(range(3000)) Value('i',5) Namespace(x=1,_y=2) [nan] {nan:nan} 1e22 1e23
9007199254740993 -1e-7 1.5e300*1e10 'tab\\tbs\\\\' ('a',)
""".split()

COMMON = """
o._callmethod('nosuch')
o._callmethod('__class__')
o._callmethod('__reduce__')
o._callmethod('__str__')
o._callmethod('__repr__')
o._callmethod('__repr__', (1,))
o._callmethod('__str__', (), {'x': 1})
o._callmethod('#GETVALUE')
o._callmethod('#GETVALUE', (1,))
o._callmethod(5)
o._callmethod(None)
o._callmethod('')
o._callmethod('__len__', 5)
o._callmethod('__len__', (), 5)
o._callmethod('__len__', (), {5: 5})
type(o).__name__, o._exposed_ if o._token.typeid != 'set' else 0
o._token.typeid
repr(o)[:12]
copy.deepcopy(o)
o == o
"""

LIST = """
o = m.list()
len(o)
o[0]
o.pop()
o = m.list((1, 2, 2, 3))
o[0], o[-1], o[3], o[-4]
o[4]
o[-5]
o[True]
o[1.0]
o['a']
o[None]
o[10**30]
o[:]
o[1:3]
o[::-1]
o[::2]
o[5:1]
o[-100:100]
o[10**30:-10**30:-1]
o[1:2:0]
o[1.5:]
o['a':]
o[None:None:None]
o[True:3]
o[1] = 'x'
o[-1] = [1, [2]]
o[9] = 1
o['a'] = 1
o[1:2] = [7, 8, 9]
o[5:5] = 'ab'
o[:0] = (0,)
o[::2] = [1]
o[::2] = range(len(o[::2]))
o[::-1] = list(range(len(o)))
o[1:2] = 5
o[::2] = 5
o[3:1] = [100]
del o[0]
del o[-1]
del o[100]
del o[1:3]
del o[::2]
del o[::0]
del o['a']
del o[:]
o.append(1)
o.append()
o.append(1, 2)
o.append(object=1)
o.extend([2, 3])
o.extend('ab')
o.extend({5: 6})
o.extend(7)
o.extend(None)
o.extend(range(2))
o.extend(array('i', [1]))
o += [4]
o += 4
o.insert(0, 'first')
o.insert(-1, 'z')
o.insert(100, 'last')
o.insert(-100, 'very first')
o.insert('a', 1)
o.insert(1)
o.insert(1.5, 1)
o.insert(10**30, 1)
o.index(2)
o.index('nosuch')
o.index(2, 4)
o.index(2, 0, 2)
o.index(2, -100)
o.index(2, 0, 10**30)
o.index(2, 'a')
o.index()
o.index(2, None)
o.count(2), o.count(2.0), o.count('nosuch'), o.count(True)
o.count()
o.remove('z')
o.remove('z')
o.remove(2.0)
o.pop()
o.pop(0)
o.pop(-2)
o.pop(100)
o.pop('a')
o.pop(1, 2)
o.pop(None)
o.reverse()
o.reverse(1)
o.sort()
o = m.list([3, 1, 2, 2.5, True, -1, 10**30, -10**30, inf])
o.sort()
o.sort(reverse=True)
o.sort(reverse=0)
o.sort(key=None)
o.sort(key=5)
o.sort(key=len)
o.sort(nosuch=1)
o.sort(1)
o.sort(reverse='a')
o.sort(reverse=None)
o.sort(reverse=[])
o.sort(reverse=1.5)
o = m.list([(1, 'b'), (1, 'a'), (0, 'z')])
o.sort()
o = m.list([[2], [1, 2], [1]])
o.sort()
o = m.list(['b', 'a', '\\U0001f40d', '\\ud800', '\\uffff', ''])
o.sort()
o = m.list([1, 'a', 2])
o.sort()
o = m.list([None, None])
o.sort()
o = m.list([{1}, {1, 2}, set()])
o.sort()
o = m.list([b'b', b'a', bytearray(b'ab')])
o.sort()
o = m.list([1, 2])
o + [3]
o + (3,)
o + 3
o * 2
o * 0
o * -1
o * 'a'
o * 1.5
o * True
3 * o
o *= 2
o *= 'a'
o *= 0
o = m.list([1, 1.0, True, 'a', None, nan, (1, 2)])
1 in o, 1.0 in o, 2 in o, 'a' in o, None in o, (1, 2) in o, [1] in o, nan in o
list(o)
[x for x in o]
list(reversed(o))
reversed(o)
o.__contains__()
o.__len__(1)
o.__getitem__()
o.__setitem__(1)
o.__reversed__()
o.__mul__([])
o.__rmul__(2)
o.__imul__(2)
o.__iadd__([5])
o._callmethod('__iadd__', ([6],))
o._callmethod('__iadd__', (6,))
o._callmethod('copy')
o._callmethod('copy', (1,))
o._callmethod('clear')
o._callmethod('clear', (1,))
m.list([1], [2])
m.list(5)
m.list(None)
m.list(x=1)
m.list('abc')
m.list('\\U0001f40d')._getvalue()
m.list(b'ab')._getvalue()
m.list({1: 2})._getvalue()
m.list({1})._getvalue()
m.list(range(3))._getvalue()
m.list(array('d', [1, 2]))._getvalue()
m.list(m.list([1, 2]))._getvalue()
m.list(reversed([1, 2]))._getvalue()
m.list(Value('i', 1))
m.list(slice(1))
o = m.list([1, 2])
o[:] = m.list([7])
o == [7]
o.extend(m.dict())
o + m.list([1])
""" + COMMON

DICT = """
o = m.dict()
o['x']
o.pop('x')
o.popitem()
len(o)
o = m.dict({'a': 1, 'b': [2]}, c=3)
o['a'], o['b'], o['c']
o['nosuch']
o[1]
o[None]
o[[1]]
o[{}]
o[{1}]
o[(1, [2])]
o[bytearray(b'a')]
o[slice(1)]
o[1] = 'one'
o[1.0] = 'float'
o[True] = 'true'
o[0] = 'zero'
o[False] = 'no'
o[-0.0] = 'minus'
o[nan] = 'nan'
o[None] = None
o[(1, (2,))] = 'tuple'
o[(1.0, (2,))] = 'the same'
o[frozenset([1])] = 'set'
o[frozenset([1.0])] = 'the same set'
o[2**64] = 'big'
o[2.0**64] = 'as big'
o[10**400] = 'huge'
o[b'x'] = 'bytes'
o['\\U0001f40d'] = 'snake'
o['\\ud800'] = 'alone'
o[range(3)] = 'range'
o[range(0, 3)] = 'the same range'
o[ [1] ] = 1
o[ (1, [2]) ] = 1
o[1], o[True], o[0], o[0.0], o[2**64], o[frozenset([True])], o[range(3)]
1 in o, True in o, 'nosuch' in o, 2**64 in o, '\\ud800' in o
[1] in o
{} in o
o.get('a'), o.get('nosuch'), o.get('nosuch', 5)
o.get()
o.get(1, 2, 3)
o.get([1])
o.get(key=1)
o.keys()
o.values()
o.items()
o.keys(1)
o.copy()
o.copy(1)
list(o)
[k for k in o]
iter(o)
list(iter(o))
i = iter(o); (next(i), next(i), str(i)[:20])
i = iter(o); next(i); o.update(new=1)
next(i)
next(i)
i = iter(o)._callmethod('send', (1,))
i = iter(o).throw(ValueError)
i = iter(o).close()
i = iter(o); next(i); del o['new']
next(i)
i = iter(m.dict())
next(i)
next(i)
i.__next__(1)
i._callmethod('nosuch')
str(i)
i._getvalue()
copy.deepcopy(i)
o.setdefault('a', 9), o.setdefault('new', 9), o.setdefault('none')
o.setdefault()
o.setdefault([1], 1)
o.pop('new'), o.pop('nosuch', 7)
o.pop('nosuch')
o.pop()
o.pop([1])
o.pop(1, 2, 3)
o.pop(1, default=2)
o.popitem()
o.popitem(1)
del o['a']
del o['a']
del o[[1]]
del o[True]
o.update({'u': 1})
o.update([('v', 2), ['w', 3], 'xy'])
o.update(k=1, v='again')
o.update({'u': 2}, u=3)
o.update()
o.update(None)
o.update(5)
o.update([1])
o.update([(1, 2, 3)])
o.update([([], 1)])
o.update(['x'])
o.update('ab')
o.update({}, {})
o.update(m.dict(proxy=1))
o.clear(1)
o.clear()
o.popitem()
o.fromkeys('ab')
o._callmethod('fromkeys', ('ab',))
o._callmethod('fromkeys', ([1, 2], 'v'))
o._callmethod('fromkeys', (5,))
o._callmethod('fromkeys', ([[1]],))
o._callmethod('fromkeys')
o._callmethod('__or__', ({'p': 1},))
o._callmethod('__ror__', ({'p': 1},))
o._callmethod('__ior__', ({'q': 1},))
o._callmethod('__ior__', ([('r', 1)],))
o._callmethod('__ior__', (5,))
o._callmethod('__reversed__')
o.__len__(1)
o.__getitem__()
o.__setitem__(1)
o.__contains__()
o.__iter__(1)
m.dict(5)
m.dict(None)
m.dict([1])
m.dict({}, {})
m.dict([(1, 2)], a=1)._getvalue()
m.dict(m.dict(a=1))._getvalue()
m.dict('ab')
m.dict(['ab', 'cd'])._getvalue()
m.dict(self=1)._getvalue()
o == o.copy()
""" + COMMON

SET = """
o = m.set()
o.pop()
o = m.set([3, 1, 2, 1.0, True])
len(o)
1 in o, 1.0 in o, 9 in o, 'a' in o
[1] in o
{1} in o
o.add(4)
o.add('\\U0001f40d')
o.add([1])
o.add({})
o.add()
o.add(frozenset([1]))
o.add(4.0)
o.remove(4)
o.remove(4)
o.remove([1])
o.remove('nosuch')
o.remove((1, 2))
o.discard(4)
o.discard([1])
o.discard()
o.copy()
o.copy(1)
sorted(map(repr, o))
sorted(map(repr, o._callmethod('__iter__')))
o & {1, 2}
o | {7}
o - {1}
o ^ {1, 100}
o & [1]
o | None
{1} | o
{1} & o
{1} - o
{1, 55} ^ o
[1] - o
o._callmethod('__iand__', ({1, 2, 3},))
o._callmethod('__ior__', ({5, 6},))
o._callmethod('__isub__', ({5},))
o._callmethod('__ixor__', ({6, 7},))
o._callmethod('__ior__', ([1],))
o._callmethod('__and__', ([1],))
o._callmethod('__rsub__', ([1],))
o < {1, 2, 3, 7}, o <= {1, 2, 3, 7}, o > {1}, o >= {1}, o < set()
o < [1]
o >= 5
o.union([1], (2,), 'ab', {5: 6})
o.union()
o.union(5)
o.union([[1]])
o.intersection([1, 2], {1})
o.intersection()
o.intersection([[]])
o.difference([1], [2])
o.difference()
o.symmetric_difference([1, 77])
o.symmetric_difference()
o.symmetric_difference(1)
o.isdisjoint([1])
o.isdisjoint([99])
o.isdisjoint(5)
o.issubset([1, 2, 3, 7, 8])
o.issubset(range(9))
o.issubset(5)
o.issuperset([1])
o.issuperset('a')
o.issuperset()
o.update([10, 11], 'z')
o.update()
o.update(5)
o.update([[1]])
o.intersection_update([1, 2, 10, 11])
o.intersection_update(5)
o.difference_update([10], (11,))
o.difference_update([[1]])
o.symmetric_difference_update([2, 3])
o.symmetric_difference_update([[1]])
o.symmetric_difference_update()
o.union(m.set([5]))
o | m.set([5])
o.update(m.list([5]))
o.clear(1)
o.clear()
o.add('only')
o.pop()
o.pop(1)
o.update([frozenset([1]), 2.5, 10**30, 'a', b'b', (1,), None, nan, '\\ud800'])
m.set('aab')._getvalue()
m.set(5)
m.set([[]])
m.set([1], [2])
m.set(x=1)
m.set({1: 2})._getvalue()
m.set(range(3))._getvalue()
m.set(m.set([1]))._getvalue()
""" + COMMON

NAMESPACE = """
o = m.Namespace()
o.x
o.x = 1
o.x
o.x = [1, {2: 3}]
o.y = o.x
o._z = 5
o._z
o._nosuch
del o.x
del o.x
o.x
setattr(o, 'a b', 1)
getattr(o, 'a b')
setattr(o, '\\xe9', 1)
o.__getattribute__('y')
o._callmethod('__getattribute__', ('_hidden',))
o._callmethod('__setattr__', ('_hidden', 7))
o._callmethod('__getattribute__', ('_hidden',))
o._callmethod('__delattr__', ('_hidden',))
o._callmethod('__delattr__', ('_hidden',))
o._callmethod('__setattr__', (5, 7))
o._callmethod('__getattribute__', (5,))
o._callmethod('__delattr__', (None,))
o._callmethod('__setattr__', ('x',))
o._callmethod('__getattribute__', ())
o._callmethod('__getattribute__', ('x', 1))
o._callmethod('__getattribute__', ('__dict__',))
o._callmethod('__setattr__', ('x', 1), {'y': 1})
o = m.Namespace(b=1, a=[2], _c=3, name='n')
o.a, o.b, o.name
o.self = 1
m.Namespace(self=1, kwds=2)
m.Namespace(1)
m.Namespace({'a': 1})
""" + COMMON

VALUE = """
o = m.Value('i', 5)
o.value
o.get()
o.value = 6
o.set([1])
o.value = 'any'
o.value = {1: 2}
o.get(1)
o.set()
o.set(1, 2)
o.set(value=3)
o._callmethod('set', (), {'value': 4})
o._callmethod('get', (), {'x': 4})
o = m.Value('nosuch', None, lock=False)
o = m.Value(1, 2, 3)
o = m.Value(typecode='d', value=0.5)
o.value
m.Value()
m.Value('i')
m.Value(1, 2, 3, 4)
m.Value('i', 1, nosuch=1)
m.Value('i', value=1, typecode='d')
o.value
""" + COMMON

ARRAY = """
o = m.Array('i', [1, 2, 3, 4])
len(o)
o[0], o[-1]
o[4]
o[-5]
o['a']
o[1.0]
o[1:3]
o[::-1]
o[:]
o[10:]
o[::0]
o[0] = 7
o[-1] = -7
o[4] = 1
o[0] = 2**31
o[0] = -2**31 - 1
o[0] = 10**30
o[0] = 1.5
o[0] = 'a'
o[0] = None
o[0] = True
o['a'] = 1
o[1:2] = array('i', [8, 9])
o[1:2] = [8, 9]
o[1:2] = array('d', [8])
o[::2] = array('i', [1])
o[::2] = array('i', [1, 2, 3])
o[1:2] = 5
list(o)
2 in o
[x for x in o]
o.__len__(1)
o.__getitem__()
o.__setitem__(1)
o = m.Array('d', [0, 1, 0.1, inf, -0.0])
o[0] = nan
o[1] = 1e400
o[1] = 2**2000
o[1] = 'a'
o[1] = 3
o[1] = True
o = m.Array('f', [0.1, 1e30])
o[0] = 1e39
o[0] = 0.3
o = m.Array('u', 'ab\\u20ac')
o[0] = '\\U0001f40d'
o[0] = 'ab'
o[0] = 1
o = m.Array('u', '')
o = m.Array('b', [-128, 127])
o[0] = 128
o[0] = -129
o = m.Array('B', [0, 255])
o[0] = 256
o[0] = -1
o = m.Array('h', [-32768])
o[0] = 32768
o = m.Array('H', [65535])
o[0] = 65536
o[0] = -1
o = m.Array('I', [2**32 - 1])
o[0] = 2**32
o[0] = -1
o[0] = 1.5
o = m.Array('l', [2**63 - 1])
o[0] = 2**63
o = m.Array('L', [2**64 - 1])
o[0] = 2**64
o[0] = -1
o = m.Array('q', [-2**63])
o[0] = -2**63 - 1
o = m.Array('Q', [2**64 - 1])
o[0] = 2**64
o[0] = -1
m.Array('x', [])
m.Array('', [])
m.Array('ii', [])
m.Array(1, [])
m.Array('i', 5)
m.Array('i', None)
m.Array('i', ['a'])
m.Array('i', [1.5])
m.Array('i', 'ab')
m.Array('i', b'\\1\\0\\0\\0')._getvalue()
m.Array('i', b'\\1')
m.Array('i', bytearray(8))._getvalue()
m.Array('i', (1, 2))._getvalue()
m.Array('i', range(3))._getvalue()
m.Array('i', {1: 2})._getvalue()
m.Array('i', array('d', [1.0]))
m.Array('d', array('i', [1]))._getvalue()
m.Array('i', array('i', [1]))._getvalue()
m.Array('i', 3, lock=False)
m.Array('i', [1], True)._getvalue()
m.Array('i')
m.Array()
m.Array('i', [1], True, 4)
m.Array('i', [1], nosuch=1)
m.Array(typecode='i', sequence=[1], lock=None)._getvalue()
m.Array('i', m.list([1, 2]))._getvalue()
o = m.Array('d', [0.5])
""" + COMMON

QUEUE = """
o = m.Queue()
o.empty(), o.full(), o.qsize()
o.get(False)
o.get_nowait()
o.get(block=False)
o.get(True, 0)
o.get(True, 0.001)
o.get(timeout=0.001)
o.get(timeout=-1)
o.get(timeout='a')
o.get(1, 2, 3)
o.get(nosuch=1)
o.put(1)
o.put([2, {3: 4}])
o.put_nowait(None)
o.put(item='k', block=False, timeout=None)
o.put()
o.put(1, 2, 3, 4)
o.qsize(), o.empty(), o.full()
o.get(), o.get(), o.get_nowait(), o.get(True, 5)
o.qsize(1)
o.empty(x=1)
o = m.Queue(2)
o.put(1), o.put(2), o.full(), o.qsize()
o.put(3, False)
o.put_nowait(3)
o.put(3, True, 0.001)
o.put(3, timeout=-1)
o.put(3, timeout='a')
o.put(3, block=0)
o.get(), o.get()
o = m.Queue(maxsize=1)
o.put('x')
o.put_nowait('y')
o.task_done()
o.task_done()
o.task_done(1)
o.join()
o.join(1)
o.get()
o = m.Queue(-1)
o.put(1), o.full()
m.Queue('a')
m.Queue('a').put(1)
m.Queue(1, 2)
m.Queue(nosuch=1)
m.Queue(None)
m.Queue(1.5).full()
o = m.JoinableQueue(3)
o.put(1), o.put_nowait(2)
o.get_nowait()
o.task_done()
o.task_done()
o.task_done()
o.join()
o.get()
o.full(), o.empty(), o.qsize()
m.JoinableQueue(1, 2)
o = copy.copy(m.Queue())
""" + COMMON

LOCK = """
o = m.Lock()
o.release()
o.acquire()
o.acquire(False)
o.acquire(True, 0.001)
o.acquire(True, 0)
o.acquire(blocking=False)
o.acquire(False, 1)
o.acquire(True, -2)
o.acquire(True, -1.0) if 0 else 0
o.acquire(True, 'a')
o.acquire('a', 0)
o.acquire(True, 10**30)
o.acquire(True, nan)
o._callmethod('acquire', (1, 2, 3))
o._callmethod('acquire', (), {'nosuch': 1})
o._callmethod('acquire', (), {'blocking': 0, 'timeout': -1})
o.release()
o._callmethod('release', (1,))
o.release()
o.__enter__()
o.__exit__(None, None, None)
exec('with o: pass')
o._callmethod('locked')
m.Lock(1)
m.Lock(x=1)
""" + COMMON

RLOCK = """
o = m.RLock()
o.release()
o.acquire()
o.acquire()
o.acquire(False)
o.acquire(True, 0.5)
o.acquire(False, 1)
o.release(), o.release(), o.release()
o.release()
o.release()
exec('with o:\\n with o: pass')
o._callmethod('release', (1,))
o._callmethod('acquire', (1, 2, 3))
o._callmethod('_is_owned')
m.RLock(1)
""" + COMMON

SEMAPHORE = """
o = m.Semaphore()
o.acquire()
o.acquire(False)
o.acquire(True, 0.001)
o.acquire(False, 1)
o.acquire(True, 'a')
o.release()
o._callmethod('release', (3,))
o._callmethod('release', (0,))
o._callmethod('release', ('a',))
o._callmethod('release', (1, 2))
o._callmethod('release', (), {'n': 2})
[o.acquire(False) for _ in range(9)]
exec('with o: pass') if 0 else 0
o = m.Semaphore(2)
[o.acquire(False) for _ in range(4)]
o = m.Semaphore(value=0)
o.acquire(False)
m.Semaphore(-1)
m.Semaphore('a')
m.Semaphore(1, 2)
m.Semaphore(None)
o = m.BoundedSemaphore()
o.acquire(False), o.acquire(False)
o.release()
o.release()
o._callmethod('release', (5,))
o._callmethod('release', (0,))
o = m.BoundedSemaphore(3)
[o.acquire(False) for _ in range(5)]
o._callmethod('release', (4,))
o._callmethod('release', (3,))
o.release()
m.BoundedSemaphore(-1)
m.BoundedSemaphore(1, 2)
""" + COMMON

EVENT = """
o = m.Event()
o.is_set()
o.wait(0)
o.wait(0.001)
o.wait(-1)
o.wait('a')
o.set()
o.is_set()
o.wait()
o.wait(5)
o.clear()
o.is_set()
o._callmethod('set', (1,))
o._callmethod('is_set', (1,))
o._callmethod('clear', (1,))
o._callmethod('wait', (1, 2))
o._callmethod('wait', (), {'timeout': 0})
o._callmethod('isSet')
m.Event(1)
""" + COMMON

CONDITION = """
o = m.Condition()
o.notify()
o.notify_all()
o.wait(0)
o.release()
o.acquire()
o.acquire()
o.wait(0.001)
o.wait(0)
o.wait(-1)
o.wait('a')
o.notify()
o.notify(0)
o.notify(-1)
o.notify(3)
o.notify('a')
o.notify_all()
o._callmethod('notify_all', (1,))
o._callmethod('notify', (1, 2))
o._callmethod('wait', (1, 2))
o._callmethod('wait_for', (1,))
o.wait_for(lambda: 5)
o.wait_for(lambda: 0, 0.001)
o.release()
o.release()
o.release()
exec('with o: o.notify()')
o = m.Condition(m.Lock())
o.acquire()
o.acquire(False)
o.wait(0.001)
o.notify()
o.release()
o.release()
o.notify()
o = m.Condition(lock=None)
o.acquire(), o.release()
o = m.Condition(m.RLock())
o.acquire(), o.acquire(), o.wait(0.001), o.release(), o.release()
o.release()
l = m.Lock(); o = m.Condition(l)
l.acquire(), o.acquire(False), o.notify(), o.release(), l.acquire(False)
l.release()
m.Condition(5)
m.Condition(m.list())
m.Condition(1, 2)
""" + COMMON

BARRIER = """
o = m.Barrier(1)
o.parties, o.n_waiting, o.broken
o.wait()
o.wait(1)
o.wait(0)
o.abort()
o.broken
o.wait()
o.reset()
o.broken
o.wait()
o = m.Barrier(2)
o.wait(0.001)
o.broken
o.wait()
o.reset()
o.parties, o.n_waiting, o.broken
o.wait(0)
o.wait('a')
o.reset()
o._callmethod('__getattribute__', ('nosuch',))
o._callmethod('__getattribute__', ())
o._callmethod('__getattribute__', (5,))
o._callmethod('wait', (1, 2))
o._callmethod('abort', (1,))
o._callmethod('reset', (1,))
o = m.Barrier(1, timeout=0.5)
o.wait()
o = m.Barrier(2, None, 0.001)
o.wait()
o = m.Barrier(parties=3, action=None, timeout=None)
o.parties
m.Barrier()
m.Barrier(1, 2, 3, 4)
m.Barrier('a')
m.Barrier(0)
m.Barrier(-1)
m.Barrier(1, nosuch=1)
""" + COMMON

# What is within another: copies, and objects that are hosted themselves.
NESTED = """
o = m.dict(plain=[1])
o['plain'].append(2)
o['plain']
o['list'] = m.list([1])
o['list'].append(2)
o['list']
o['list'][:]
len(o['list'])
str(o['list'])
inner = o['list']
inner += [3]
inner[:]
o['list'][0] = 'changed'
inner[0]
o['list'] is inner
outer = m.list([o, inner])
outer[0]['list'][0]
outer[1][:]
str(outer[0]['plain'])
outer[0]['new'] = m.Namespace(x=1)
o['new'].x
o['new'].x = [5]
o['new'].x
copy.deepcopy(o)
o.copy()
o.values()
o.items()
outer[:]
m.list([m.list([m.list([7])])])[0][0][0]
a = m.list([m.list() for i in range(5)])
[x.append(i) for i, x in enumerate(a)]
[x[:] for x in a]
a.append(m.Queue())
a[-1].put('through')
a[5].get()
type(a[5]).__name__
a.append(m.Lock())
a[6].acquire(), a[6].acquire(False), a[6].release()
a.append(m.Event()); a[7].set()
a[7].is_set()
a.append(m.Value('i', 1)); a[8].value
a.append(m.Array('i', [1])); a[9][0]
a.append(m.Barrier(1)); a[10].wait()
a.append(m.Condition())
exec('with a[11]: a[11].notify()')
a.append(m.Semaphore(2)); a[12].acquire()
a.append(iter(m.dict(x=1)))
a.append(m.set([1]))
len(a)
a.pop(13) and None
l = m.list(); l.append(l); l[0][0] is l
len(l[0])
l[0].append(5); l[1]
l.clear() if hasattr(l, 'clear') else l._callmethod('clear')
o.pop('list')
o.pop('nosuch', None)
del o['new']
m.dict({'x': m.list([1])})['x'][:]
m.Namespace(x=m.list([1])).x[:]
v = m.Value('i', m.list([3])); v.value[:]
q = m.Queue(); q.put(m.list([4])); q.get()[:]
q.put({'deep': [m.list([5])]}); q.get()['deep'][0][:]
m.list([1]) in m.list([[1]])
x = m.list([1]); y = m.list([x]); x in y
y.index(x)
y.count(x)
d = m.dict(); d[x] = 1; d[x]
x in d
""" + COMMON

SESSIONS = {
    "list": LIST, "dict": DICT, "set": SET, "Namespace": NAMESPACE,
    "Value": VALUE, "Array": ARRAY, "Queue": QUEUE, "Lock": LOCK,
    "RLock": RLOCK, "Semaphore": SEMAPHORE, "Event": EVENT,
    "Condition": CONDITION, "Barrier": BARRIER, "nested": NESTED}
SESSIONS = {name: text.strip().split("\n")
            for name, text in SESSIONS.items()}
SESSIONS["values"] = ["o = m.list()"] + [
    line for value in VALUES for line in (
        "o[:] = [%s]" % value, "o[0]", "v = %s; o[0] == v" % value)]
SESSIONS["keys"] = ["o = m.dict()"] + [
    "o[%s] = 1" % value for value in VALUES]

# What has to be given to make one.
MADE_OF = {"Value": ("i", 1), "Array": ("i", [1]), "Barrier": (1,)}
