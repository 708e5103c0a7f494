#pragma once
// The Asio types of the server. Each connection lives on one io_context that one thread runs, so
// that its state needs no lock and no strand. Internal to src/http; heavy.
#include <chrono>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace trainyard::http {

namespace asio = boost::asio;
using boost::system::error_code;

using Executor = asio::io_context::executor_type;
template <typename T>
using Task = asio::awaitable<T, Executor>;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

// The result of co_await gets a name of its own, always: g++ 12 miscompiles a co_await inside a
// condition (the coroutine resumes at a wrong place).
//
// co_await gives what the operation completes with as it is; an error code is not thrown.
inline constexpr asio::use_awaitable_t<Executor> kAwait;
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> kAwaitTuple{kAwait};

}  // namespace trainyard::http
