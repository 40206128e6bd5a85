# SPDX-License-Identifier: Apache-2.0
# cmake -DROOT=DIR -P tests/tidy.cmake
#
# Reads the sources and fails on
#   - an include that runs against the arrows daemon -> proto -> common, or into tests/;
#   - an include of daemon/api or daemon/web from a room that they stand on;
#   - a clock, socket, thread, database or loop in proto/ or common/ (the protocol
#     is a function: no I/O in it);
#   - a source without its SPDX line, or of more than 1000 lines.
cmake_minimum_required(VERSION 3.25)
set(problems "")
macro(problem text)
	string(APPEND problems "${text}\n")
endmacro()

set(SEES_common common)
set(SEES_proto common proto)
set(SEES_daemon common proto daemon)
set(SEES_tests common proto daemon tests)
set(IMPURE "^(time|sqlite3|uv|pthread|threads|unistd|fcntl|signal|dirent|poll|netdb|microhttpd|curl/.*|sys/(socket|time|stat|epoll|un|random)|netinet/.*|arpa/.*)\\.h$")

foreach(folder common proto daemon tests)
	file(GLOB_RECURSE sources RELATIVE ${ROOT} ${ROOT}/${folder}/*.c ${ROOT}/${folder}/*.h ${ROOT}/${folder}/*.def)
	foreach(source ${sources})
		file(STRINGS ${ROOT}/${source} first LIMIT_COUNT 3)
		if(NOT "${first}" MATCHES "SPDX-License-Identifier: Apache-2.0")
			problem("${source}: no SPDX-License-Identifier in its first lines")
		endif()

		file(READ ${ROOT}/${source} text)
		string(REGEX REPLACE "[^\n]" "" newlines "${text}")
		string(LENGTH "${newlines}" lines)
		if(lines GREATER 1000)
			problem("${source}: ${lines} lines, 1000 at most: look for the second noun in it")
		endif()

		# snprintf() is pure; files and streams are not. The log is the one voice.
		if(folder MATCHES "^(common|proto)$" AND NOT source STREQUAL "common/log.c")
			if(text MATCHES "[^a-z_](fopen|printf|fprintf|fputs|puts|getenv|getrandom|system)\\(")
				problem("${source}: ${CMAKE_MATCH_1}() has no place in ${folder}/")
			endif()
		endif()

		file(STRINGS ${ROOT}/${source} includes REGEX "^[ \t]*#[ \t]*include")
		foreach(include ${includes})
			if(include MATCHES "\"([^\"]+)\"")
				set(path ${CMAKE_MATCH_1})
				string(REGEX REPLACE "/.*" "" target "${path}")
				if(NOT path MATCHES "/")
					problem("${source}: \"${path}\" does not name its folder")
				elseif(folder STREQUAL daemon AND path MATCHES "^daemon/(api|web)/" AND
				       NOT source MATCHES "^daemon/(api|web|cli)/|^daemon/essaimd.c$")
					problem("${source}: \"${path}\" runs against the arrow (the API stands on the other rooms)")
				elseif(NOT target IN_LIST SEES_${folder})
					problem("${source}: \"${path}\" runs against the arrow (${folder} sees ${SEES_${folder}})")
				endif()
			elseif(folder MATCHES "^(common|proto)$" AND include MATCHES "<([^>]+)>")
				set(path ${CMAKE_MATCH_1})
				if(path MATCHES "${IMPURE}")
					problem("${source}: <${path}> has no place in ${folder}/")
				endif()
			endif()
		endforeach()
	endforeach()
endforeach()

if(problems)
	message(FATAL_ERROR "${problems}")
endif()
message("the arrows hold")
