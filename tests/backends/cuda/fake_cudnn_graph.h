// cuDNN's graphs on the host: descriptors with attributes, checked for their kinds and types, and a graph that is simply
// computed, operation after operation, in double precision. What is in no memory is rounded to its type all the same.
#pragma once
#include <memory>

enum { POINTWISE, ENGINE = 2, CONFIG, HEURISTICS, PLAN, OF_POINTWISE = 13, GRAPH = 15, PACK, TENSOR, MATMUL, OF_MATMUL,
       REDUCTION = 21, OF_REDUCTION, OF_RESHAPE = 31, PROPERTIES = 38 };

struct Part {
    int kind;
    bool final = false;
    std::map<int, std::vector<int64_t>> numbers;
    std::map<int, std::vector<Part*>> parts;
    int64_t one(int which) const { return numbers.count(which) ? numbers.at(which).at(0) : 0; }
    Part* part(int which) const { return parts.count(which) ? parts.at(which).at(0) : nullptr; }
};

// Code of the type in which each attribute must be given.
static const std::map<int, int> GIVEN = {
    {0, 14}, {1, 1}, {1500, 1}, {1600, 18}, {1601, 1}, {901, 1}, {902, 3}, {903, 3}, {906, 3}, {900, 3}, {907, 2}, {908, 2},
    {750, 15}, {751, 15}, {752, 15}, {753, 15}, {1520, 15}, {1521, 15}, {1522, 15}, {1523, 15}, {1610, 15}, {1611, 15},
    {1612, 15}, {2200, 15}, {2201, 15}, {800, 0}, {801, 15}, {200, 8}, {201, 15}, {400, 0}, {401, 15}, {1000, 3}, {1001, 6},
    {1003, 6}};
static int size_of(int type) { return type == 2 ? 1 : type == 3 || type == 0 || type == 6 || type == 15 ? 8 : 4; }

API(cudnnBackendCreateDescriptor)(int kind, Part** out) {
    BEGIN("cudnnBackendCreateDescriptor");
    ++living;
    *out = new Part;
    (*out)->kind = kind;
    return OK;
}
API(cudnnBackendDestroyDescriptor)(Part* p) { --living; return delete p, OK; }

API(cudnnBackendSetAttribute)(Part* p, int which, int type, int64_t count, const void* values) {
    BEGIN("cudnnBackendSetAttribute");
    NEED(p && !p->final && GIVEN.count(which) && GIVEN.at(which) == type && count > 0);
    for (int64_t k = 0; k < count; ++k) {
        const char* at = (const char*)values + k * size_of(type);
        int64_t number = size_of(type) == 8 ? *(const int64_t*)at : size_of(type) == 4 ? *(const int*)at : *(const uint8_t*)at;
        if (type == 15) {
            NEED(number && ((Part*)number)->final);
            p->parts[which].push_back((Part*)number);
        } else p->numbers[which].push_back(number);
    }
    return OK;
}

static Part* shape_of(Part* operation, int which, int64_t rank) {
    Part* t = operation->part(which);
    return t && t->kind == TENSOR && (int64_t)t->numbers[902].size() == rank ? t : nullptr;
}

static bool sound(Part* p) {
    switch (p->kind) {
        case TENSOR: return p->numbers[902].size() == p->numbers[903].size() && p->one(906) && p->one(900) == 16;
        case OF_POINTWISE: return p->part(750)->kind == POINTWISE && shape_of(p, 751, 4) && shape_of(p, 753, 4);
        case OF_REDUCTION: return p->part(1612)->kind == REDUCTION && shape_of(p, 1610, 4) && shape_of(p, 1611, 4);
        case OF_RESHAPE: return shape_of(p, 2200, 4) && shape_of(p, 2201, 4);
        case OF_MATMUL: {
            Part *a = shape_of(p, 1520, 4), *b = shape_of(p, 1521, 4), *y = shape_of(p, 1522, 4);
            if (!a || !b || !y || p->part(1523)->kind != MATMUL) return false;
            auto &da = a->numbers[902], &db = b->numbers[902], &dy = y->numbers[902];
            return da[3] == db[2] && da[2] == dy[2] && db[3] == dy[3] && da[0] == dy[0] && da[1] == dy[1] && da[0] == db[0] && da[1] == db[1];
        }
        case GRAPH: return p->one(800) && ((cudnnHandle_t)p->one(800))->kind == 'H' && p->parts[801].size();
        case HEURISTICS: return p->part(201)->kind == GRAPH;
        case PLAN: return p->part(401)->kind == CONFIG && p->one(400);
        case PACK: return p->numbers[1000].size() == p->numbers[1001].size() && p->numbers[1003].size() == 1;
    }
    return true;
}
static const int64_t OWN = 512;  // bytes of workspace of engine 1; engine 2 has none, and its plan cannot be made

API(cudnnBackendFinalize)(Part* p) {
    if (failing.count("cudnnBackendFinalize") && p->kind == GRAPH) return refuse("asked for by the test", (cudnnStatus_t)failing["cudnnBackendFinalize"]);
    if (p->kind == PLAN && p->part(401)->one(1301) == 2) return refuse("engine 2 has no plan", (cudnnStatus_t)3000);
    NEED(p && !p->final && sound(p));
    return p->final = true, OK;
}

API(cudnnBackendGetAttribute)(Part* p, int which, int, int64_t room, int64_t* count, void* out) {
    if (p->kind == HEURISTICS && which == 202) {
        *count = 3;
        int64_t engines[] = {2, 1, 3};  // 3 does not give the same bits every time
        for (int64_t k = 0; k < 3 && k < room; ++k) {
            Part* config = ((Part**)out)[k];
            NEED(config->kind == CONFIG);
            config->final = true, config->numbers[1301] = {engines[k]}, config->parts[201] = {p->part(201)};
        }
    } else if (p->kind == CONFIG && which == 300) {
        *count = 1, (*(Part**)out)->numbers[1301] = {p->one(1301)};
    } else if (p->kind == ENGINE && which == 1301) {
        *count = 1, *(int64_t*)out = p->one(1301);
    } else if (p->kind == ENGINE && which == 1303) {
        *count = 1, *(int*)out = p->one(1301) == 3 ? 4 : 0;
    } else if (p->kind == PLAN && which == 402) {
        *count = 1, *(int64_t*)out = OWN;
    } else return refuse("no such attribute");
    return OK;
}

// A tensor while a graph is computed: numbers in memory, or of its own.
struct Held {
    std::vector<int64_t> dim, step;
    Number type;
    void* p = nullptr;
    std::vector<double> own;
    int64_t at(const int64_t* i) const {
        int64_t k = 0;
        for (int d = 0; d < 4; ++d) k += (dim[d] == 1 ? 0 : i[d]) * step[d];
        return k;
    }
    double get(const int64_t* i) const { return p ? ::get(p, type, at(i)) : own[at(i)]; }
    void set(const int64_t* i, double v) {
        uint32_t rounded;
        if (p) return ::put(p, type, at(i), v);
        ::put(&rounded, type, 0, v);
        own[at(i)] = ::get(&rounded, type, 0);
    }
};
template <class F> static void all(const std::vector<int64_t>& dim, F f) {
    int64_t i[4];
    for (i[0] = 0; i[0] < dim[0]; ++i[0]) for (i[1] = 0; i[1] < dim[1]; ++i[1])
    for (i[2] = 0; i[2] < dim[2]; ++i[2]) for (i[3] = 0; i[3] < dim[3]; ++i[3]) f(i);
}
static double pointwise(int64_t function, double x, double b) {
    return function == 0 ? x + b : function == 1 ? x * b : function == 6 ? x / b : function == 9 ? x - b : function == 13 ? std::exp(x) : function == 15 ? std::log(x) : x;
}

struct Run {
    std::map<int64_t, int64_t> given;
    std::map<Part*, Held> held;
    bool missing = false;
    Held& of(Part* t) {
        if (!held.count(t)) {
            Held& h = held[t];
            h.dim = t->numbers[902], h.step = t->numbers[903], h.type = number((int)t->one(901));
            int64_t reach = 1;
            for (int d = 0; d < 4; ++d) reach += (h.dim[d] - 1) * h.step[d];
            if (t->one(907)) h.own.assign(reach, NAN);
            else if (given.count(t->one(906)) && given[t->one(906)]) h.p = (void*)given[t->one(906)];
            else missing = true, h.own.assign(reach, NAN);
        }
        return held[t];
    }
    void operation(Part* o) {
        if (o->kind == OF_POINTWISE) {
            Held &x = of(o->part(751)), &y = of(o->part(753)), *b = o->part(752) ? &of(o->part(752)) : nullptr;
            int64_t function = o->part(750)->one(0);
            all(y.dim, [&](const int64_t* i) { y.set(i, pointwise(function, x.get(i), b ? b->get(i) : 0)); });
        } else if (o->kind == OF_REDUCTION) {
            Held &x = of(o->part(1610)), &y = of(o->part(1611));
            bool largest = o->part(1612)->one(1600) == 3;
            std::map<int64_t, double> found;
            all(x.dim, [&](const int64_t* i) {
                double v = x.get(i);
                auto seen = found.emplace(y.at(i), v);
                if (!seen.second) seen.first->second = largest ? std::fmax(seen.first->second, v) : seen.first->second + v;
            });
            all(y.dim, [&](const int64_t* i) { y.set(i, found[y.at(i)]); });
        } else if (o->kind == OF_RESHAPE) {
            // Of what cuDNN calls a reshape only this is used: the last two axes change places.
            Held &x = of(o->part(2200)), &y = of(o->part(2201));
            bool turned = x.step[2] == y.step[3] && x.step[3] == y.step[2] && x.dim[2] == y.dim[3] && x.dim[3] == y.dim[2];
            missing |= !turned;
            all(y.dim, [&](const int64_t* i) {
                int64_t j[4] = {i[0], i[1], i[3], i[2]};
                y.set(i, x.get(j));
            });
        } else {
            Held &a = of(o->part(1520)), &b = of(o->part(1521)), &y = of(o->part(1522));
            all(y.dim, [&](const int64_t* i) {
                double sum = 0;
                for (int64_t k = 0; k < a.dim[3]; ++k) {
                    int64_t left[4] = {i[0], i[1], i[2], k}, right[4] = {i[0], i[1], k, i[3]};
                    sum += a.get(left) * b.get(right);
                }
                y.set(i, sum);
            });
        }
    }
};

API(cudnnBackendExecute)(cudnnHandle_t h, Part* plan, Part* pack) {
    BEGIN("cudnnBackendExecute");
    KIND(h, 'H');
    KIND(plan, PLAN);
    KIND(pack, PACK);
    void* space = (void*)pack->one(1003);
    NEED(space && (intptr_t)space % 16 == 0);
    memset(space, 0xEE, OWN);
    Run run;
    for (size_t k = 0; k < pack->numbers[1000].size(); ++k) run.given[pack->numbers[1000][k]] = pack->numbers[1001][k];
    Part* config = plan->part(401);
    auto& operations = config->part(201)->parts[801];
    for (Part* o : operations) run.operation(o);
    note("graph of %d, engine %d", (int)operations.size(), (int)config->one(1301));
    return run.missing ? refuse("a tensor has no memory, or is not turned") : OK;
}
