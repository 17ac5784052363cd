/**
 * Draws points with WebGL 2: what filters left out first, then what they leave, then rings round what is selected.
 *
 * A point is a place and a code; a texture of 256 colours says what the codes look like, so that another theme is a
 * kilobyte and another column a byte for each point. Which points a pass draws is a list of slots.
 */

const VERTEX = `#version 300 es
layout(location = 0) in vec2 place;
layout(location = 1) in uint code;
uniform vec4 view;
uniform float size;
uniform float alpha;
uniform vec4 ring;
uniform sampler2D palette;
flat out vec4 colour;
void main() {
  gl_Position = vec4(place * view.xy + view.zw, 0.0, 1.0);
  gl_PointSize = size;
  vec4 own = texelFetch(palette, ivec2(int(code), 0), 0);
  colour = ring.a > 0.0 ? vec4(ring.rgb, 1.0) : vec4(own.rgb, own.a * alpha);
}`;

// The edge is one pixel wide and soft; a ring is what lies within its width of the edge.
const FRAGMENT = `#version 300 es
precision highp float;
flat in vec4 colour;
uniform float size;
uniform vec4 ring;
out vec4 pixel;
void main() {
  float distance = length(gl_PointCoord - 0.5) * size;
  float cover = clamp(size * 0.5 - distance, 0.0, 1.0);
  if (ring.a > 0.0) cover *= clamp(distance - size * 0.5 + ring.a + 1.0, 0.0, 1.0);
  if (cover <= 0.0) discard;
  pixel = vec4(colour.rgb, 1.0) * (colour.a * cover);
}`;

/** @typedef {import("./plot_cloud.js").Cloud} Cloud */
/** @typedef {import("./plot_view.js").View} View */

/**
 * @typedef {object} Marks slots
 * @property {Uint32Array | null} kept null: all
 * @property {Uint32Array} dimmed
 * @property {Uint32Array} selected
 */

/**
 * @typedef {object} Look
 * @property {number} ratio pixels of the screen per pixel of CSS
 * @property {number} size diameter of a point in pixels of CSS
 * @property {[number, number, number]} accent of rings, 0 to 255
 * @property {number} budget of points in a pass, while what is seen moves
 */

const LISTS = /** @type {const} */ (["kept", "dimmed", "selected"]);
const DIMMED_SIZE = 0.65;
const DIMMED_ALPHA = 1 / 3;

/** One canvas and what is drawn on it. */
export class Renderer {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    const gl = canvas.getContext("webgl2", { antialias: false, depth: false, premultipliedAlpha: true });
    if (!gl) throw new NoWebGl();
    this.gl = gl;
    this.canvas = canvas;
    /** @type {Float32Array} */
    this._places = new Float32Array(0);
    /** @type {Uint8Array<ArrayBuffer>} */
    this._codes = new Uint8Array(0);
    /** @type {Uint8Array<ArrayBuffer>} */
    this._palette = new Uint8Array(1024);
    /** @type {Marks} */
    this._marks = { kept: null, dimmed: new Uint32Array(0), selected: new Uint32Array(0) };
    this.build();
  }

  /** Make what the context holds; again after the context was lost. */
  build() {
    const gl = this.gl;
    const program = linked(gl);
    this._at = (/** @type {string} */ name) => gl.getUniformLocation(program, name);
    gl.useProgram(program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    this._placesBuffer = gl.createBuffer();
    this._codesBuffer = gl.createBuffer();
    this._lists = { kept: gl.createBuffer(), dimmed: gl.createBuffer(), selected: gl.createBuffer() };
    gl.bindVertexArray(gl.createVertexArray());
    gl.bindBuffer(gl.ARRAY_BUFFER, this._placesBuffer);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ARRAY_BUFFER, this._codesBuffer);
    gl.enableVertexAttribArray(1);
    gl.vertexAttribIPointer(1, 1, gl.UNSIGNED_BYTE, 0, 0);
    this.setPlaces(this._places, this._codes);
    this.setPalette(this._palette);
    this.setMarks(this._marks);
  }

  /**
   * @param {Float32Array} places x0, y0, x1, y1, ... by slot
   * @param {Uint8Array<ArrayBuffer>} codes by slot
   */
  setPlaces(places, codes) {
    this._places = places;
    this._fill(this._placesBuffer, places);
    this.setCodes(codes);
  }

  /** @param {Uint8Array<ArrayBuffer>} codes by slot */
  setCodes(codes) {
    this._codes = codes;
    this._fill(this._codesBuffer, codes);
  }

  /** @param {Uint8Array<ArrayBuffer>} palette red, green, blue and alpha of each code */
  setPalette(palette) {
    const gl = this.gl;
    this._palette = palette;
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, palette);
  }

  /** @param {Marks} marks */
  setMarks(marks) {
    const gl = this.gl;
    this._marks = marks;
    for (const name of LISTS) {
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this._lists?.[name] ?? null);
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, marks[name] ?? new Uint32Array(0), gl.DYNAMIC_DRAW);
    }
  }

  /**
   * @param {View} view
   * @param {Look} look
   */
  draw(view, { ratio, size, accent, budget }) {
    const gl = this.gl;
    const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const [x, y] = [(2 * view.scale) / view.width, (2 * view.scale) / view.height];
    gl.uniform4f(this._uniform("view"), x, y, -view.x * x, -view.y * y);
    gl.uniform4f(this._uniform("ring"), 0, 0, 0, 0);
    this._pass("dimmed", Math.max(1.5, size * DIMMED_SIZE) * ratio, DIMMED_ALPHA, budget);
    this._pass("kept", size * ratio, 1, budget);
    const wide = Math.min(2, Math.max(1, size / 3)) * ratio;
    gl.uniform4f(this._uniform("ring"), accent[0] / 255, accent[1] / 255, accent[2] / 255, wide);
    this._pass("selected", (size + 5) * ratio + wide, 1, budget);
  }

  /** Give back what the graphics card holds. */
  end() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  /**
   * @param {typeof LISTS[number]} name
   * @param {number} size in pixels of the screen
   * @param {number} alpha
   * @param {number} budget
   */
  _pass(name, size, alpha, budget) {
    const gl = this.gl;
    const list = this._marks[name];
    const count = Math.min(budget, list ? list.length : this._places.length / 2);
    if (!count) return;
    gl.uniform1f(this._uniform("size"), size);
    gl.uniform1f(this._uniform("alpha"), alpha);
    if (!list) {
      gl.drawArrays(gl.POINTS, 0, count);
      return;
    }
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this._lists?.[name] ?? null);
    gl.drawElements(gl.POINTS, count, gl.UNSIGNED_INT, 0);
  }

  /** @param {string} name */
  _uniform(name) {
    return this._at?.(name) ?? null;
  }

  /**
   * @param {WebGLBuffer | null | undefined} buffer
   * @param {Float32Array | Uint8Array} values
   */
  _fill(buffer, values) {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, buffer ?? null);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, values, this.gl.STATIC_DRAW);
  }
}

/** This browser draws no points. */
export class NoWebGl extends Error {
  constructor() {
    super("The plot needs WebGL 2, which this browser does not have or has switched off.");
  }
}

/**
 * Slots by what is drawn of them.
 *
 * @param {Cloud} cloud
 * @param {import("../lib/masks.js").Mask} mask what the filters leave
 * @param {import("../lib/masks.js").Mask} selection
 * @returns {Marks}
 */
export function marksOf(cloud, mask, selection) {
  const all = mask.count === mask.length;
  const chosen = selection.count;
  const lists = [0, 1, 2].map((list) => new Uint32Array(list === 2 ? chosen : all ? 0 : cloud.count));
  const [kept, dimmed, selected] = lists;
  let [keptCount, dimmedCount, selectedCount] = [0, 0, 0];
  if (all && !chosen) return { kept: null, dimmed, selected };
  for (let slot = 0; slot < cloud.count; slot += 1) {
    const row = cloud.rows[slot];
    if (chosen && selection.has(row)) selected[selectedCount++] = slot;
    if (all) continue;
    if (mask.has(row)) kept[keptCount++] = slot;
    else dimmed[dimmedCount++] = slot;
  }
  return {
    kept: all ? null : kept.subarray(0, keptCount),
    dimmed: dimmed.subarray(0, dimmedCount),
    selected: selected.subarray(0, selectedCount),
  };
}

/** @param {WebGL2RenderingContext} gl */
function linked(gl) {
  const program = gl.createProgram();
  const parts = /** @type {const} */ ([
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ]);
  for (const [kind, source] of parts) {
    const shader = gl.createShader(kind);
    if (!shader) throw new NoWebGl(); // the context was lost
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`the plot's program cannot be built: ${gl.getProgramInfoLog(program)}`);
  }
  return program;
}
