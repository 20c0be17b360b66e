# SPDX-License-Identifier: MIT
# region: five
from multiprocessing.managers import SyncManager

m = SyncManager(address="socket", authkey=open("key", "rb").read())
m.connect()
l = m.list("abc")
l.append({"k": [7]})
print(l, l[1:], len(l))
# end: five
