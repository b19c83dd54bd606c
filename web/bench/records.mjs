// What sizes of IndexedDB records cost in Chromium, and what the Cache API costs for the
// same bytes: the figures behind packBytes in cache/store/idbstore. Everything happens in
// plain JavaScript, as ArrayBuffers and as Blobs, one transaction for each record written, 4 MiB read at a time; "hashed"
// also digests each 64 KiB with WebCrypto, as a verified read does.
//
//   node web/bench/records.mjs [KiB,KiB…] [MiB in all]      default 32,64,128,256,1024,4096,8192 and 48
//
// It needs Node's packages (npm ci --prefix web/bench) and Chromium.
import { createServer } from "node:http";
import { openAlone } from "./lib/alone.mjs";

const page = `<!doctype html><script>
const req=r=>new Promise((a,b)=>{r.onsuccess=()=>a(r.result);r.onerror=()=>b(r.error)});
const end=t=>new Promise((a,b)=>{t.oncomplete=()=>a();t.onabort=()=>b(t.error)});
const digest=async b=>{const ps=[];for(let k=0;k<b.byteLength;k+=65536)ps.push(crypto.subtle.digest("SHA-256",new Uint8Array(b,k,Math.min(65536,b.byteLength-k))));await Promise.all(ps)};
async function cached(total){
 await caches.delete("m"); const c=await caches.open("m");
 const all=new Uint8Array(total);for(let i=0;i<total;i+=65536)crypto.getRandomValues(all.subarray(i,Math.min(total,i+65536)));
 let t=performance.now(); await c.put("/m",new Response(all)); const write=performance.now()-t;
 t=performance.now(); const b=await (await c.match("/m")).arrayBuffer(); const read=performance.now()-t;
 t=performance.now(); await digest(b); const hash=performance.now()-t;
 await caches.delete("m");
 return {cacheAPI:total,write:Math.round(write),read:Math.round(read),hashed:Math.round(read+hash)};
}
const val=async v=>v instanceof Blob?v.arrayBuffer():v;
async function run(size,total,blob){
 const name="m"+size; await req(indexedDB.deleteDatabase(name));
 const o=indexedDB.open(name,1); o.onupgradeneeded=()=>o.result.createObjectStore("s"); const db=await req(o);
 const n=Math.floor(total/size);
 const src=new Uint8Array(size);for(let i=0;i<size;i+=65536)crypto.getRandomValues(src.subarray(i,Math.min(size,i+65536)));
 let t=performance.now();
 for(let i=0;i<n;i++){const b=src.slice();b[0]=i;b[1]=i>>8;const tx=db.transaction("s","readwrite",{durability:"relaxed"});tx.objectStore("s").put(blob?new Blob([b]):b.buffer,i);await end(tx)}
 const write=performance.now()-t; 
 t=performance.now(); let got=0;
 const per=Math.max(1,Math.floor(4194304/size));
 for(let i=0;i<n;i+=per){const tx=db.transaction("s","readonly");const s=tx.objectStore("s");const ps=[];for(let j=i;j<Math.min(n,i+per);j++)ps.push(req(s.get(j)));for(const b of await Promise.all(ps))got+=(await val(b)).byteLength}
 const read=performance.now()-t;
 t=performance.now(); let got2=0;
 for(let i=0;i<n;i+=per){const tx=db.transaction("s","readonly");const s=tx.objectStore("s");for(const b of await req(s.getAll(IDBKeyRange.bound(i,i+per-1))))got2+=(await val(b)).byteLength}
 const all=performance.now()-t;
 t=performance.now(); let h=0;
 for(let i=0;i<n;i+=per){const tx=db.transaction("s","readonly");const s=tx.objectStore("s");for(const v of await req(s.getAll(IDBKeyRange.bound(i,i+per-1)))){const b=await val(v),ps=[];for(let k=0;k<b.byteLength;k+=65536)ps.push(crypto.subtle.digest("SHA-256",new Uint8Array(b,k,Math.min(65536,b.byteLength-k))));await Promise.all(ps);h+=ps.length}}
 const hash=performance.now()-t;
 db.close(); await req(indexedDB.deleteDatabase(name));
 return {size,blob,n,write:Math.round(write),read:Math.round(read),all:Math.round(all),hashed:Math.round(hash),ok:got==n*size&&got2==got};
}
</script>`;
const server = createServer((_, response) => response.setHeader("content-type", "text/html").end(page)).listen(0);
const browser = await openAlone(); // with a profile on disk: what a private window stores stays in memory
const tab = await browser.open(`http://localhost:${server.address().port}`);
await tab.has("run");
const total = Number(process.argv[3] ?? 48) * 2 ** 20;
console.log(JSON.stringify(await tab.run((total) => cached(total), total)));
for (const blob of [false, true]) for (const size of (process.argv[2] ?? "32,64,128,256,1024,4096,8192").split(",")) {
  console.log(JSON.stringify(await tab.run(([size, total, blob]) => run(size, total, blob), [Number(size) * 1024, total, blob])));
}
await browser.close();
server.close();
