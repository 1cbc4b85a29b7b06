// Runs the model beside the page, so that the page stays alive.

import { Model, runtimeFailed } from "./model.js";

let model;

const handlers = {
  async load({ gpu }) {
    const runtime = gpu ? "./runtime/ort.webgpu.min.mjs" : "./runtime/ort.wasm.min.mjs";
    const ort = await import(runtime).catch(runtimeFailed);
    ort.env.wasm.wasmPaths = new URL("./runtime/", import.meta.url).href;
    ort.env.wasm.numThreads = self.crossOriginIsolated ? navigator.hardwareConcurrency : 1;
    ort.env.logLevel = "error";
    const folder = new URL("./model/", import.meta.url).href;
    const providers = gpu ? ["webgpu", "wasm"] : ["wasm"];
    model = await Model.load(folder, ort, providers, (what, share) =>
      postMessage({ kind: "progress", what, share }),
    );
    const { name, description, licence, defaults } = model.manifest;
    const facts = { name, description, licence, defaults, maxSeconds: model.maxSecondsTold };
    postMessage({ kind: "ready", facts });
  },

  async generate({ request }) {
    const start = performance.now();
    const clip = await model.generate(request, (step, steps) =>
      postMessage({ kind: "progress", what: `step ${step} of ${steps}`, share: step / steps }),
    );
    const took = (performance.now() - start) / 1000;
    postMessage({ kind: "clip", request, rate: model.sampleRate, took, ...clip });
  },
};

addEventListener("message", async ({ data }) => {
  try {
    await handlers[data.kind](data);
  } catch (error) {
    postMessage({ kind: "error", message: String(error.message ?? error) });
  }
});
