# What is installed: the tool, the headers, the libraries, pkg-config files, a CMake package, the
# documents, the manual page and the examples. All files find each other by relative paths, so the
# installed tree can be moved.
include(CMakePackageConfigHelpers)

file(MAKE_DIRECTORY "${PROJECT_SOURCE_DIR}/include/bide" "${BIDE_OUT}")
file(CREATE_LINK "${PROJECT_SOURCE_DIR}/include" "${BIDE_OUT}/include" SYMBOLIC)
install(DIRECTORY include/bide DESTINATION include FILES_MATCHING PATTERN "*.h")

# Links between the documents, and from them to the examples, are relative.
install(FILES README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md LICENSE
  DESTINATION share/doc/bide)
install(DIRECTORY docs examples DESTINATION share/doc/bide
  FILES_MATCHING PATTERN "*.md" PATTERN "*.c" PATTERN "*.h" PATTERN "man" EXCLUDE)
install(FILES docs/man/bide.1 DESTINATION share/man/man1)

# For gdb, which loads the script together with the shared library if its scripts-directory is the
# one under the prefix, as for /usr.
if(IS_SYMLINK "${BIDE_OUT}/share/bide") # of an older build
  file(REMOVE "${BIDE_OUT}/share/bide")
endif()
file(MAKE_DIRECTORY "${BIDE_OUT}/share/bide")
file(CREATE_LINK "${PROJECT_SOURCE_DIR}/tools/gdb/bide-gdb.py"
  "${BIDE_OUT}/share/bide/bide-gdb.py" SYMBOLIC)
install(FILES tools/gdb/bide-gdb.py DESTINATION share/bide)
install(CODE "set(version ${PROJECT_VERSION})")
install(CODE "set(script \"${PROJECT_SOURCE_DIR}/tools/gdb/bide-gdb.py\")")
install(CODE [[
  get_filename_component(prefix "${CMAKE_INSTALL_PREFIX}" ABSOLUTE)
  file(INSTALL "${script}" DESTINATION "${prefix}/share/gdb/auto-load${prefix}/lib"
    RENAME "libbide.so.${version}-gdb.py")
]])

# What `bide new` copies.
file(CREATE_LINK "${PROJECT_SOURCE_DIR}/tools/new" "${BIDE_OUT}/share/bide/new" SYMBOLIC)
install(DIRECTORY tools/new DESTINATION share/bide)

get_property(libraries GLOBAL PROPERTY bide_libraries)
set(bide_installed "")
if(TARGET bide_tool)
  list(APPEND bide_installed bide_tool)
endif()
foreach(library IN LISTS libraries)
  list(APPEND bide_installed ${library} ${library}_static)
  install(FILES "${BIDE_OUT}/lib/pkgconfig/${library}.pc" DESTINATION lib/pkgconfig)
endforeach()
if(bide_installed)
  install(TARGETS ${bide_installed} EXPORT bide
    RUNTIME DESTINATION bin LIBRARY DESTINATION lib ARCHIVE DESTINATION lib)
  install(EXPORT bide NAMESPACE bide:: FILE bideTargets.cmake DESTINATION lib/cmake/bide)
endif()
configure_package_config_file(cmake/bideConfig.cmake.in "${CMAKE_BINARY_DIR}/bideConfig.cmake"
  INSTALL_DESTINATION lib/cmake/bide NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/bideConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/bideConfig.cmake" "${CMAKE_BINARY_DIR}/bideConfigVersion.cmake"
  DESTINATION lib/cmake/bide)
